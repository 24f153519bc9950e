//! The commented file of a command.

use std::ffi::OsString;

use super::super::*;
use super::command::{resolved, with};
use super::parsed;

#[test]
fn the_template_loads_as_it_is_and_says_what_it_explains() {
    let loaded = parsed(template_of_command()).unwrap();
    assert_eq!((loaded.spec.months.len(), loaded.idle().len()), (12, 0));
    let run = resolved(template_of_command(), &[]);
    assert_eq!(run.program.arguments[1], OsString::from("/data/script.R"));
    assert_eq!((run.inputs.len(), run.outputs.len()), (1, 1));
    // What its comments offer is taken as they say it.
    for (field, values) in [
        (
            "checkpoint: Auto",
            &["Own(signal: \"USR1\", resume: [\"Rscript\", \"{folder}/script.R\", \"--resume\"])"][..],
        ),
        ("trial: true", &["true, network: Private", "true, semaphores: Files", "true, processors: Avx2"]),
        ("progress: None", &["Lines(\"{stdout}\", 365)", "Pattern(\"{stdout}\", r\"([0-9]+)%\")"]),
    ] {
        let (name, template) = (field.split(':').next().unwrap(), template_of_command());
        for value in values {
            assert!(template.contains(value.trim_start_matches("true, ")), "{value}");
            let text =
                template.replacen(&format!("        {field},"), &format!("        {name}: {value},"), 1);
            assert_ne!(text, template);
            parsed(&text).unwrap_or_else(|e| panic!("{value}: {e:?}"));
        }
    }
    let shell = "Shell(\"sort {folder}/{month}.txt | uniq -c > {output}/{month}.txt\")";
    assert!(template_of_command().contains(shell));
    parsed(&with(&format!("        run: {shell},"))).unwrap();
}

#[test]
fn each_example_of_a_commands_field_is_read() {
    let fault = ron::from_str::<Command>("(nothing: 1)").unwrap_err();
    let ron::Error::NoSuchStructField { expected, .. } = fault.code else { panic!("{fault}") };
    for field in expected {
        let line = words::example(field).unwrap_or_else(|| panic!("{field} has no example"));
        parsed(&with(&format!("        {line},"))).unwrap_or_else(|e| panic!("{line}: {e:?}"));
    }
    for line in ["signal", "resume"].map(|field| words::example(field).unwrap()) {
        let rest = if line.starts_with("signal") { "resume: [\"x\"]" } else { "signal: \"USR1\"" };
        parsed(&with(&format!("        checkpoint: Own({line}, {rest}),")))
            .unwrap_or_else(|e| panic!("{line}: {e:?}"));
    }
}
