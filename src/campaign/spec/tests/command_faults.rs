//! What is told of a command that cannot be.

use super::super::*;
use super::command::{SHORT, outside, with};
use super::{errors, only, parsed};

#[test]
fn fields_of_the_engine_are_not_read_and_told() {
    let lines = "    dem: 7,\n    lapse: Constant(-1),\n    products: [Total],\n    storage: Float32,";
    let loaded = parsed(&outside(lines)).unwrap();
    let plain = parsed(SHORT).unwrap();
    assert_eq!(freeze(&loaded.spec).unwrap(), freeze(&plain.spec).unwrap());
    let told: Vec<(Option<usize>, String)> = loaded.idle().into_iter().map(|e| (e.line, e.what)).collect();
    assert_eq!(told.len(), 4);
    assert!(told[0] == (Some(3), "`dem` says nothing to a command: it is not read".to_owned()), "{told:?}");
    assert!(plain.idle().is_empty());
    // Every field of a campaign file is either of use to a command or told.
    let unknown = ron::from_str::<Spec>("(nothing: 1)").unwrap_err();
    let ron::Error::NoSuchStructField { expected, .. } = unknown.code else { panic!("{unknown}") };
    let of_use = [
        "version",
        "name",
        "output",
        "months",
        "year",
        "months_per_chain",
        "walltime",
        "margin",
        "checkpoint_every",
        "threads",
        "workload",
        "site",
        "setup",
        "max_links",
    ];
    for field in expected {
        assert!(of_use.contains(field) != command::IDLE.contains(field), "{field}");
    }
}

#[test]
fn impossible_commands_are_told_with_field_line_and_cure() {
    let cases = [
        ("        run: Program([]),", "`run` names no program", "a program and its arguments"),
        ("        run: Shell(\" \"),", "`run` names no program", ""),
        ("        run: [\"true\"],", "`workload.run`: a word without quotes", "`run: Program("),
        ("        run: Program([\"x\", \"{mont}\"]),", "`run`: there is no placeholder `{mont}`", "{month}"),
        ("        run: Shell(\"echo ${HOME}\"),", "no placeholder `{HOME}`", "{{HOME}}"),
        ("        run: Program([\"x\", \"{stdout}\"]),", "`{stdout}` cannot stand here", "{output}"),
        ("        run: Program([\"x\", \"a\\u{0}b\"]),", "zero byte", "leave it out"),
        ("        run: Program([\"x\", \"{year}\"]),", "`{year}` stands for `year`", "year: 2018"),
        ("        ruin: Program([\"x\"]),\n", "there is no field `ruin` in `Command`", "did you mean `run`?"),
        ("        environment: {\"A=B\": \"x\"},", "\"A=B\" is no name of a variable", "OMP_NUM_THREADS"),
        ("        environment: {\"A\": \"{x}\"},", "`environment.A`: there is no placeholder", ""),
        ("        directory: \"~/x\",", "`directory`: \"~/x\": ~ is not expanded", "in full"),
        ("        inputs: [\"~/x\"],", "`inputs`: \"~/x\": ~ is not expanded", "in full"),
        ("        inputs: [\"{work}/x\"],", "`{work}` cannot stand here", "{folder}"),
        ("        outputs: [\"/x_{m}\"],", "\"/x_{m}\" is absolute", "below {output}"),
        ("        outputs: [\"../x_{m}\"],", "leads elsewhere", "below {output}"),
        ("        outputs: [\"a/../x_{m}\"],", "leads elsewhere", ""),
        ("        outputs: [\"{m}/\"],", "names no file", ""),
        ("        outputs: [\"\"],", "names no file", ""),
        ("        outputs: [\"{output}/x_{m}\"],", "`{output}` cannot stand here", "{month}"),
        ("        outputs: [\"x\"],", "\"x\" is x of m01 and of m02", "{month}"),
        ("        outputs: [\"x_{m}\", \"x_{m}\"],", "stands there twice", "leave one"),
        ("        outputs: [\"x_{m}\", \"x_{m}/y\"],", "is a file and the folder of", "another name"),
        (
            "        checkpoint: Own(signal: \"KILL\", resume: [\"x\"]),",
            "no program can act upon SIGKILL",
            "USR1",
        ),
        ("        checkpoint: Own(signal: \"US\", resume: [\"x\"]),", "\"US\" is no signal", ""),
        ("        checkpoint: Own(signal: \"USR1\", resume: []),", "`resume` names no program", ""),
        (
            "        checkpoint: Own(signal: \"USR1\"),",
            "the field `resume` is missing here",
            "add `resume: [",
        ),
        ("        checkpoint: Crio,", "`Crio` is no value for `workload.checkpoint`", "did you mean `Criu`?"),
        ("        network: Own,", "`Own` is no value for `workload.network`", "Shared, Private"),
        ("        trial: maybe,", "`workload.trial`", "`trial: false`"),
        ("        progress: Lines(\"\", 3),", "the file has no name", "{stdout}"),
        ("        progress: Lines(\"{stdout}\", 0),", "0 lines in all", "Lines("),
        ("        progress: Pattern(\"{stdout}\", \"[0-9]+%\"),", "has no group", "([0-9]+)%"),
        ("        progress: Pattern(\"{stdout}\", \"([0-9+%\"),", "no regular expression", "([0-9]+)%"),
        (
            "        progress: Pattern(\"{stdout}\", \"(\\d+)%\"),",
            "`workload.progress`",
            "`progress: Pattern(",
        ),
    ];
    for (line, what, cure) in cases {
        let text = with(line);
        let error = only(&text);
        assert!(error.what.contains(what) && error.cure.contains(cure), "{line}: {error}");
        let name = line.trim().split(':').next().unwrap();
        let at = text.lines().position(|l| l.trim().starts_with(&format!("{name}:"))).map(|n| n + 1);
        assert_eq!(error.line, at, "{line}: {error}");
    }
    for (text, what, cure) in [
        (outside("    months_per_chain: 2,"), "a chain of a command has one month", "leave it out"),
        (outside("    months_per_chain: Auto,"), "a chain of a command has one month", "leave it out"),
        (outside("    threads: 0,"), "`threads` is 0", "at least 1"),
        (outside("    max_links: 0,"), "`max_links` is 0", "at least 1"),
        (outside("    margin: \"9s\","), "too short to checkpoint", "at least 60 s"),
        (
            SHORT.replace("        run: Program([\"true\"]),\n", ""),
            "the field `run` is missing here",
            "add `run: Program(",
        ),
        (
            SHORT.replace("Command(", "Comand("),
            "`Comand` is no value for `workload`",
            "did you mean `Command`?",
        ),
    ] {
        let error = errors(&text).remove(0);
        assert!(error.what.contains(what) && error.cure.contains(cure), "{text}: {error}");
    }
}

#[test]
fn a_shell_is_not_given_what_it_would_take_apart() {
    let text = with("        run: Shell(\"cat x > {output}/y\"),").replace("\"out\"", "\"my out\"");
    let error = only(&text);
    assert!(error.what.contains("would take {output} apart") && error.cure.contains("\"$PLACE\""), "{error}");
    let error = only(&with("        semaphores: Files,").replace("\"out\"", "\"my out\""));
    assert!(error.what.contains("`semaphores`: cannot be files in /data/my out:"), "{error}");
    assert_eq!(error.line, Some(10), "{error}");
    let advised = with(
        "        run: Shell(\"cat x > \\\"$PLACE/y\\\"\"),\n        environment: {\"PLACE\": \"{output}\"},",
    );
    parsed(&advised.replace("\"out\"", "\"my out\"")).unwrap();
    assert!(
        parsed(&with("        run: Program([\"cat\", \"{output}/y\"]),").replace("\"out\"", "\"my out\""))
            .is_ok()
    );
}
