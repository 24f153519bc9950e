//! Recorded answers, damaged: cut off, with bytes and fields lost, doubled, exchanged. What comes of it is jobs or an error.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

use super::samples::Sample;
use super::*;

/// One change of bytes.
#[derive(Debug, Clone)]
enum Damage {
    Cut,
    Drop(usize),
    Double(usize),
    Write(Vec<u8>),
    Insert(Vec<u8>),
}

fn damage() -> impl Strategy<Value = Vec<(Index, Damage)>> {
    let bytes = || {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 1..12),
            // What JSON and OAR's lines are made of.
            "[-0-9eE.\"\\[\\]{}:,\n =]{1,6}".prop_map(String::into_bytes),
        ]
    };
    let one = prop_oneof![
        Just(Damage::Cut),
        (1_usize..200).prop_map(Damage::Drop),
        (1_usize..200).prop_map(Damage::Double),
        bytes().prop_map(Damage::Write),
        bytes().prop_map(Damage::Insert),
    ];
    prop::collection::vec((any::<Index>(), one), 1..6)
}

/// As the client gets it from the command's pipe.
fn damaged(text: &str, damage: &[(Index, Damage)]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (at, damage) in damage {
        let at = at.index(bytes.len() + 1);
        let end = |length: usize| (at + length).min(bytes.len());
        match damage {
            Damage::Cut => bytes.truncate(at),
            Damage::Drop(length) => drop(bytes.drain(at..end(*length))),
            Damage::Double(length) => {
                let piece = bytes[at..end(*length)].to_vec();
                bytes.splice(at..at, piece);
            }
            Damage::Write(new) => drop(bytes.splice(at..end(new.len()), new.iter().copied())),
            Damage::Insert(new) => drop(bytes.splice(at..at, new.iter().copied())),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One change of an answer's values; the numbers choose a job and a field of it.
#[derive(Debug, Clone)]
enum Change {
    Lose(Index, Index),
    Add(Index, Value),
    Set(Index, Index, Value),
    /// A field gets the value of another.
    Copy(Index, Index, Index),
    /// An event, or a list's first element.
    SetInside(Index, Index, Value),
}

fn odd_value() -> impl Strategy<Value = Value> {
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    prop_oneof![
        prop::sample::select(vec![
            json!(null),
            json!(true),
            json!(0),
            json!(-1),
            json!(i64::MIN),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(1e308),
            json!(-0.5),
            json!(65_536),
            json!(1_i64 << 32),
            json!(""),
            json!(" 7 "),
            json!("-9223372036854775808"),
            json!("99999999999999999999"),
            json!("256 (1,0,0)"),
            json!("a\u{0}\u{1b}[2J\n\u{202e}"),
            json!([]),
            json!({}),
            json!([null, [], {}, 7, "x"]),
            json!({"event_id": {}, "1": null}),
            deep,
        ]),
        any::<i64>().prop_map(|number| json!(number)),
        ".{0,20}".prop_map(|text| json!(text)),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        (index(), index()).prop_map(|(job, field)| Change::Lose(job, field)),
        (index(), odd_value()).prop_map(|(job, value)| Change::Add(job, value)),
        (index(), index(), odd_value()).prop_map(|(job, field, value)| Change::Set(job, field, value)),
        (index(), index(), index()).prop_map(|(job, from, to)| Change::Copy(job, from, to)),
        (index(), index(), odd_value()).prop_map(|(job, field, value)| Change::SetInside(job, field, value)),
    ]
}

fn pick(map: &mut Map<String, Value>, index: Index) -> Option<&mut Value> {
    let count = map.len();
    if count == 0 { None } else { map.values_mut().nth(index.index(count)) }
}

/// Changes the answer; returns the key of the job or resource that is another now.
fn apply(answer: &mut Map<String, Value>, change: &Change) -> Option<String> {
    let (Change::Lose(job, _)
    | Change::Add(job, _)
    | Change::Set(job, ..)
    | Change::Copy(job, ..)
    | Change::SetInside(job, ..)) = change;
    let key = answer.keys().nth(job.index(answer.len().max(1)))?.clone();
    let fields = answer.get_mut(&key)?.as_object_mut()?;
    match change {
        Change::Lose(_, field) => {
            let field = fields.keys().nth(field.index(fields.len().max(1)))?.clone();
            fields.remove(&field);
        }
        Change::Add(_, value) => {
            fields.insert("inventedLater".to_owned(), value.clone());
            return None;
        }
        Change::Set(_, field, value) => *pick(fields, *field)? = value.clone(),
        Change::Copy(_, from, to) => {
            let value = pick(fields, *from)?.clone();
            *pick(fields, *to)? = value;
        }
        Change::SetInside(_, field, value) => match pick(fields, *field)? {
            Value::Array(list) => match list.first_mut()? {
                Value::Object(event) => *pick(event, *field)? = value.clone(),
                first => *first = value.clone(),
            },
            _ => return None,
        },
    }
    Some(key)
}

/// What campaigns and screens rely on.
fn check_jobs(jobs: &[Job]) -> Result<(), TestCaseError> {
    prop_assert!(jobs.is_sorted_by(|a, b| a.id < b.id), "no number twice");
    for job in jobs {
        prop_assert!(job.id.0 > 0 && job.array_id.0 > 0 && i64::try_from(job.id.0).is_ok());
        prop_assert!(job.resubmitted_from.is_none_or(|from| from.id.0 > 0));
        for time in [job.submitted, job.started, job.stopped, job.expected_start.unwrap_or(0)] {
            prop_assert!((0..1 << 38).contains(&time), "{time}");
        }
    }
    Ok(())
}

fn check_nodes(nodes: &[Node]) -> Result<(), TestCaseError> {
    prop_assert!(nodes.is_sorted_by(|a, b| a.name < b.name));
    prop_assert!(nodes.iter().all(|n| !n.name.is_empty() && n.jobs.is_sorted_by(|a, b| a < b)));
    Ok(())
}

fn any_of(samples: Vec<Sample>) -> impl Strategy<Value = std::sync::Arc<Sample>> {
    prop::sample::select(samples.into_iter().map(std::sync::Arc::new).collect::<Vec<_>>())
}

fn of_kind(is_kind: fn(&Sample) -> bool) -> impl Strategy<Value = std::sync::Arc<Sample>> {
    any_of(Sample::all().into_iter().filter(is_kind).collect())
}

#[test]
fn an_answer_cut_off_anywhere_is_not_taken_for_a_whole_one() {
    let mut kinds = [0, 0];
    for sample in Sample::all().iter().filter(|s| s.is_jobs() || s.is_nodes()) {
        let text = sample.text("out");
        // The longest have nothing that the others lack, and take long.
        let whole = text.trim_end().len();
        if whole > 4_000 {
            continue;
        }
        kinds[usize::from(sample.is_nodes())] += 1;
        for end in (0..whole).filter(|end| text.is_char_boundary(*end)) {
            let cut = &text[..end];
            if sample.is_nodes() {
                assert!(parse::nodes(cut).is_err(), "{} {} {end}", sample.version, sample.name);
            } else if !cut.trim().is_empty() {
                // An empty answer is a valid one; `find` asks for proof of it.
                assert!(answer::jobs(cut).is_err(), "{} {} {end}", sample.version, sample.name);
            }
        }
    }
    assert!(kinds[0] > 60 && kinds[1] > 5, "{kinds:?}");
}

#[test]
fn a_submission_cut_off_anywhere_gives_no_other_job() {
    let mut taken = 0;
    for sample in Sample::all().iter().filter(|s| s.program() == "oarsub") {
        let whole = submit::answer(&sample.output());
        taken += u32::from(whole.is_ok());
        let printed =
            sample.text("out").contains("OAR_JOB_ID=") && !sample.text("out").contains("OAR_JOB_ID=-");
        for end in 0..sample.text("out").len() {
            let stdout = sample.text("out").get(..end).unwrap_or_default().to_owned();
            let begun = stdout.contains("OAR_JOB_ID=");
            let cut = submit::answer(&CommandOutput { stdout, ..sample.output() });
            assert!(cut.is_err() || cut == whole, "{} {} {end}: {cut:?}", sample.version, sample.name);
            if let Err(error) = cut {
                assert!(
                    !(printed && begun && error.surely_not_submitted()),
                    "{} {end}: {error}",
                    sample.name
                );
            }
        }
    }
    assert!(taken > 10);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_bytes_give_jobs_or_an_error(sample in any_of(Sample::all()), damage in damage()) {
        let text = damaged(&sample.text("out"), &damage);
        match answer::jobs(&text) {
            Ok(jobs) => check_jobs(&jobs)?,
            Err(what) => prop_assert!(!what.is_empty()),
        }
        match parse::nodes(&text) {
            Ok(nodes) => check_nodes(&nodes)?,
            Err(what) => prop_assert!(!what.is_empty()),
        }
        let _ = parse::version(&text);
    }

    #[test]
    fn a_damaged_submission_is_taken_by_a_whole_line_only(
        sample in of_kind(|s| s.program() == "oarsub"),
        damage in damage(),
        code in prop_oneof![Just(None), Just(Some(0)), (0..256).prop_map(Some)],
    ) {
        let stdout = damaged(&sample.text("out"), &damage);
        let output = CommandOutput { code, stdout: stdout.clone(), ..sample.output() };
        match submit::answer(&output) {
            Ok(id) => {
                let says_so = |line: &str| line.trim().strip_prefix("OAR_JOB_ID=").and_then(|n| n.parse().ok()) == Some(id.0);
                prop_assert!(code == Some(0) && stdout.split_inclusive('\n').any(|l| l.ends_with('\n') && says_so(l)));
            }
            Err(error) if error.surely_not_submitted() => {
                let positive = |line: &str| line.trim().strip_prefix("OAR_JOB_ID=").is_some_and(|n| !n.starts_with('-') && n != "0");
                prop_assert!(!stdout.lines().any(positive), "{stdout:?}");
            }
            Err(_) => {}
        }
    }

    #[test]
    fn a_job_with_odd_values_leaves_the_others_alone(
        sample in of_kind(Sample::is_jobs),
        changes in prop::collection::vec(change(), 1..5),
    ) {
        let before = answer::jobs(&sample.text("out")).unwrap();
        let mut answer: Map<String, Value> = serde_json::from_str(&sample.text("out")).unwrap();
        let changed: Vec<String> = changes.iter().filter_map(|change| apply(&mut answer, change)).collect();
        match answer::jobs(&Value::Object(answer).to_string()) {
            Ok(jobs) => {
                check_jobs(&jobs)?;
                prop_assert_eq!(jobs.len(), before.len());
                for (old, new) in before.iter().zip(&jobs).filter(|(old, _)| !changed.contains(&old.id.to_string())) {
                    prop_assert_eq!(old, new);
                }
            }
            Err(what) => prop_assert!(changed.iter().any(|key| what.contains(key.as_str())) || what.contains("recursion"), "{what}"),
        }
    }

    #[test]
    fn a_core_with_odd_values_leaves_the_other_nodes_alone(
        sample in of_kind(Sample::is_nodes),
        changes in prop::collection::vec(change(), 1..5),
    ) {
        let before = parse::nodes(&sample.text("out")).unwrap();
        let mut answer: Map<String, Value> = serde_json::from_str(&sample.text("out")).unwrap();
        let nodes_of = |answer: &Map<String, Value>, keys: &[String]| -> Vec<String> {
            keys.iter().filter_map(|key| answer[key]["network_address"].as_str().map(str::to_owned)).collect()
        };
        let original = answer.clone();
        let changed: Vec<String> = changes.iter().filter_map(|change| apply(&mut answer, change)).collect();
        let mut touched = nodes_of(&original, &changed);
        touched.extend(nodes_of(&answer, &changed));
        if let Ok(nodes) = parse::nodes(&Value::Object(answer).to_string()) {
            check_nodes(&nodes)?;
            for node in before.iter().filter(|node| !touched.contains(&node.name)) {
                prop_assert!(nodes.contains(node), "{nodes:?}");
            }
        }
    }
}
