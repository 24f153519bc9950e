-- The rows that real jobs leave in OAR's tables: a campaign's, and others'. Read by psql with these variables:
--   first   the lowest number of a job, far above OAR's own
--   tokens  the names of the campaign's attempts, with commas between; may be empty
--   links   jobs of an attempt
--   others  jobs of others
--   owner   whose the campaign is
-- The last job of an attempt, and a third of the others', has not ended. It is held: a job that waits or runs would be started or
-- killed by the server, and costs oarstat about the same.
begin;

create temporary table made as
with
  attempts as (
    select token, (attempt - 1)::int as attempt
    from unnest(string_to_array(:'tokens', ',')) with ordinality as t (token, attempt)
  ),
  numbered as (
    select :first + attempt * :links + link as id, :first + attempt * :links as array_id, token as name,
      (:'owner')::text as owner, link, link < :links - 1 as ended
    from attempts, generate_series(0, :links - 1) as link
    union all
    select :first + 1000000 + n, :first + 1000000 + n, 'other' || n, 'bob', 0, n % 3 <> 0
    from generate_series(0, :others - 1) as n
  )
select *, owner = :'owner' as ours, case when ended then 'LOG' else 'CURRENT' end as index,
  extract(epoch from now())::int - 8000 * (:links - link) as submitted
from numbered;

insert into jobs (job_id, array_id, array_index, initial_request, job_name, job_type, info_type, state, message, job_user, project,
  command, exit_code, queue_name, properties, launching_directory, submission_time, start_time, stop_time, accounted,
  assigned_moldable_job, checkpoint, checkpoint_signal, stdout_file, stderr_file, resubmit_job_id)
select id, array_id, 1, 'oarsub -n ' || name || ' -d /shared/' || owner || ' -S /shared/' || owner || '/campaign/job.sh', name,
  'PASSIVE', 'front:', case when ended then 'Terminated' else 'Hold' end,
  'R=2,W=2:0:0,J=B,N=' || name || ',P=test,T=idempotent (Karma=0.000,quota_ok)', owner, 'test',
  '/shared/' || owner || '/campaign/job.sh', case when ended then case when ours then 25344 else 0 end end, 'default',
  '(desktop_computing = ''NO'') AND drain=''NO''', '/shared/' || owner, submitted, case when ended then submitted + 12 else 0 end,
  case when ended then submitted + 7000 else 0 end, 'YES', case when ended then id else 0 end, 600, 12,
  '/shared/' || owner || '/campaign/%jobid%.out', '/shared/' || owner || '/campaign/%jobid%.err',
  case when link > 0 then id - 1 else 0 end
from made;

insert into challenges (job_id, challenge) select id, '654806260808' from made;
insert into job_types (job_type_id, job_id, type, types_index) select id, id, 'idempotent', index from made;
insert into moldable_job_descriptions (moldable_id, moldable_job_id, moldable_walltime, moldable_index)
select id, id, 7200, index from made;
insert into job_resource_groups (res_group_id, res_group_moldable_id, res_group_property, res_group_index)
select id, id, 'type = ''default''', index from made;
insert into job_resource_descriptions (res_job_group_id, res_job_resource_type, res_job_value, res_job_order, res_job_index)
select id, kind, value, value - 1, index from made, (values ('host', 1), ('core', 2)) as wanted (kind, value);
-- Both cores of a node.
insert into assigned_resources (moldable_job_id, resource_id, assigned_resource_index)
select id, resource_id, 'LOG' from made join resources on network_address = 'node' || (1 + id % 3) where ended;

insert into event_logs (event_id, type, job_id, date, description, to_check)
select :first + row_number() over (order by id, number), type, id, submitted + 6000 + number, description, 'NO'
from made, (values
  (1, 'CHECKPOINT', 'User oar requested a checkpoint on the job: 1; signal 12'),
  (2, 'CHECKPOINT_SUCCESSFULL', '[Sarko] The job was notified to checkpoint itself on the node.'),
  (3, 'SWITCH_INTO_TERMINATE_STATE', '[bipbip 1] Ask to change the job state'),
  (4, 'RESUBMIT_JOB_AUTOMATICALLY', 'Resubmitting job 1 => 3 (type idempotent & exit code = 99 & duration > 60s)')
) as events (number, type, description)
where ended and (ours or number = 3);

insert into job_state_logs (job_state_log_id, job_id, job_state, date_start, date_stop)
select :first + row_number() over (order by id, number), id, state, submitted + number, submitted + number + 1
from made, (values (1, 'Waiting', true), (2, 'toLaunch', true), (3, 'Launching', true), (4, 'Running', true), (5, 'Finishing', true),
  (6, 'Terminated', true), (7, 'Hold', false)) as states (number, state, of_ended)
where of_ended = ended;

drop table made;
commit;
analyze;
