//! `docs/json.md` and the documents of `--json` say the same: each field, its type, in both directions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::output::Document;
use super::{bench, checkpoints, cluster, commands, doctor, plan, verify};
use crate::ui::fixtures;

const PAGE: &str = include_str!("../../docs/json.md");

/// The tables of a section of the page: by field its types.
fn documented(section: &str) -> Vec<BTreeMap<String, BTreeSet<String>>> {
    let head = format!("## `alpsckpt {section} --json`\n");
    let from = PAGE.find(&head).unwrap_or_else(|| panic!("{section} is not in docs/json.md"));
    let text = &PAGE[from + head.len()..];
    let text = text.find("\n## ").map_or(text, |end| &text[..end]);
    let mut tables = Vec::new();
    for line in text.lines() {
        if line.starts_with("| field ") {
            tables.push(BTreeMap::new());
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let Some(field) = cells.get(1).and_then(|cell| cell.strip_prefix('`')?.strip_suffix('`')) {
            let types = cells[2].split(", ").map(str::to_owned).collect();
            assert_eq!(cells.len(), 6, "{line}");
            let table: &mut BTreeMap<_, _> = tables.last_mut().unwrap();
            assert!(table.insert(field.to_owned(), types).is_none(), "{field} stands twice in {section}");
        }
    }
    tables
}

/// The fields of a document with the types of their values.
fn fields(value: &Value, path: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                found.entry(path.clone()).or_default().insert(kind(value).to_owned());
                fields(value, &path, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| fields(value, &format!("{path}[]"), found)),
        _ => {}
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// Holds a table of the page against documents.
fn compare(section: &str, table: usize, documents: &[Value]) {
    let tables = documented(section);
    let table = &tables[table];
    let mut found = BTreeMap::new();
    for document in documents {
        fields(document, "", &mut found);
    }
    let of = |field: &str| {
        let any =
            table.keys().filter_map(|name| name.strip_suffix('*')).find(|start| field.starts_with(start));
        table
            .get_key_value(field)
            .map(|(name, _)| name.clone())
            .or_else(|| any.map(|start| format!("{start}*")))
    };
    let mut seen = BTreeSet::new();
    for (field, kinds) in &found {
        let name = of(field).unwrap_or_else(|| panic!("`{field}` of {section} is not in docs/json.md"));
        let types = &table[&name];
        assert!(
            types.contains("any") || kinds.is_subset(types),
            "`{field}` of {section} is {kinds:?}, and the page says {types:?}"
        );
        seen.insert(name);
    }
    let unseen: Vec<&String> = table.keys().filter(|name| !seen.contains(*name)).collect();
    assert!(unseen.is_empty(), "{section} has none of the documented {unseen:?}");
}

fn value(document: &impl Document) -> Value {
    serde_json::from_str(&document.json().unwrap()).unwrap()
}

#[test]
fn every_field_of_every_document_is_described_and_every_one_described_is_there() {
    let snapshots = [
        fixtures::planned(),
        fixtures::mixed(),
        fixtures::doubtful(),
        fixtures::year(),
        fixtures::programs(),
        fixtures::finished(),
        fixtures::mute_scheduler(),
        fixtures::read_only(),
    ];
    compare("status", 0, &snapshots.each_ref().map(value));
    compare("plan", 0, &[plan::sample()]);
    compare("plan", 1, &[commands::sample()]);
    compare("verify", 0, &[verify::sample()]);
    compare("checkpoints ls", 0, &[checkpoints::sample()]);
    compare("doctor", 0, &[doctor::sample()]);
    compare("bench", 0, &[bench::sample()]);
    compare("cluster status", 0, &[cluster::sample()]);
}

#[test]
fn each_command_with_the_option_has_its_section_and_no_other_has() {
    let mut with = BTreeSet::new();
    let program = <super::Cli as clap::CommandFactory>::command();
    collect(&program, "", &mut with);
    // All commands of the cluster take it; one answers with a document.
    with.retain(|name| !name.starts_with("cluster ") || name == "cluster status");
    let section = |line: &str| Some(line.strip_prefix("## `alpsckpt ")?.strip_suffix(" --json`")?.to_owned());
    let sections: BTreeSet<String> = PAGE.lines().filter_map(section).collect();
    assert_eq!(sections, with);
}

fn collect(command: &clap::Command, path: &str, with: &mut BTreeSet<String>) {
    for sub in command.get_subcommands() {
        let path = format!("{path} {}", sub.get_name()).trim().to_owned();
        if sub.get_arguments().any(|argument| argument.get_id() == "json") {
            with.insert(path.clone());
        }
        collect(sub, &path, with);
    }
}

#[test]
fn the_version_on_the_page_is_that_of_the_documents() {
    let made: Value = serde_json::from_str(&super::output::object(&json!({})).unwrap()).unwrap();
    assert!(PAGE.contains(&format!("This page is of version {}.", made["schema"])), "{made}");
}
