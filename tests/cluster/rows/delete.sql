-- Removes what insert.sql has made.
begin;
delete from jobs where job_id >= :first;
delete from challenges where job_id >= :first;
delete from job_types where job_id >= :first;
delete from moldable_job_descriptions where moldable_job_id >= :first;
delete from job_resource_groups where res_group_moldable_id >= :first;
delete from job_resource_descriptions where res_job_group_id >= :first;
delete from assigned_resources where moldable_job_id >= :first;
delete from event_logs where job_id >= :first;
delete from job_state_logs where job_id >= :first;
commit;
vacuum analyze;
