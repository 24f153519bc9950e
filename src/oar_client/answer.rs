//! Reads the jobs of an `oarstat` answer one by one: of thousands the whole tree would be many times as large as what is kept.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::parse;
use crate::batch::Job;

/// What is read of a job.
const FIELDS: [&str; 15] = [
    "Job_Id",
    "array_id",
    "assigned_network_address",
    "events",
    "exit_code",
    "job_user",
    "message",
    "name",
    "owner",
    "resubmit_job_id",
    "scheduledStart",
    "startTime",
    "state",
    "stopTime",
    "submissionTime",
];

/// The jobs of `oarstat -f -J`; none for an empty answer.
pub(super) fn jobs(text: &str) -> Result<Vec<Job>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let Jobs(all) = match serde_json::from_str(text) {
        Ok(jobs) => jobs,
        // In the words that there are for any answer.
        Err(e) => return Err(parse::object(text).err().unwrap_or_else(|| e.to_string())),
    };
    let mut all = all.into_values().collect::<Result<Vec<Job>, _>>()?;
    all.sort_by_key(|job| job.id);
    Ok(all)
}

/// The jobs by the names that the answer gives them, each read or why not.
struct Jobs(BTreeMap<String, Result<Job, String>>);

impl<'de> Deserialize<'de> for Jobs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(JobsVisitor)
    }
}

struct JobsVisitor;

impl<'de> Visitor<'de> for JobsVisitor {
    type Value = Jobs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Jobs, A::Error> {
        let mut jobs = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let Fields(fields) = map.next_value()?;
            let job = parse::job(&key, &fields);
            jobs.insert(key, job);
        }
        Ok(Jobs(jobs))
    }
}

/// The fields of one job that are read; what is no object has none.
struct Fields(Value);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a job")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if FIELDS.contains(&name.as_str()) {
                fields.insert(name, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Fields(Value::Object(fields)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Fields, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Fields(Value::Null))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Fields, E> {
        Ok(Fields(Value::Null))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Fields, E> {
        Ok(Fields(Value::Null))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Fields, E> {
        Ok(Fields(Value::Null))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Fields, E> {
        Ok(Fields(Value::Null))
    }

    fn visit_str<E>(self, _: &str) -> Result<Fields, E> {
        Ok(Fields(Value::Null))
    }

    fn visit_unit<E>(self) -> Result<Fields, E> {
        Ok(Fields(Value::Null))
    }
}
