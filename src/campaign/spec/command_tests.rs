use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::tests::{errors, only, parsed};
use super::*;
use crate::foreign::{Network, progress};

/// Every field of a command.
const FULL: &str = r#"(
    version: 1,
    name: "Sky view",
    output: "out",
    months: [1, 6],
    year: 2018,
    walltime: "02:00:00",
    margin: "00:10:00",
    threads: 4,
    workload: Command(
        run: Program(["saga_cmd", "ta_lighting", "3", "-DEM={folder}/dem.sgrd", "-SVF={output}/svf_{month}", "-M={m}", "{{x}}"]),
        environment: {"OMP_NUM_THREADS": "{threads}", "WHEN": "{year}-{month} of {name}", "CHAIN": "{chain}"},
        directory: "{work}/in",
        inputs: ["dem.sgrd", "/abs/t_{month}.sdat"],
        outputs: ["svf_{month}.sdat", "more/svf_{month}.sgrd"],
        checkpoint: Own(signal: "USR1", resume: ["saga_cmd", "--from", "{work}/saved"]),
        network: Private,
        semaphores: Files,
        processors: Avx2,
        trial: false,
        progress: Pattern("{stdout}", r"([0-9]+)%"),
        kit: "criu-kit",
    ),
)"#;

const SHORT: &str = r#"(
    version: 1,
    name: "a",
    output: "out",
    months: [1, 2],
    walltime: "01:00:00",
    margin: "00:10:00",
    workload: Command(
        run: Program(["true"]),
    ),
)"#;

/// `SHORT` with lines within its command; its `run` is replaced where one of them is another.
fn with(lines: &str) -> String {
    if lines.trim_start().starts_with("run:") {
        SHORT.replace("        run: Program([\"true\"]),", lines)
    } else {
        SHORT.replace("    ),\n", &format!("{lines}\n    ),\n"))
    }
}

/// `SHORT` with a line outside its command; that of the same name goes.
fn outside(line: &str) -> String {
    let name = line.split(':').next().unwrap().trim();
    let kept: Vec<&str> = SHORT.lines().filter(|l| !l.starts_with(&format!("    {name}:"))).collect();
    kept.join("\n").replace("    name:", &format!("{line}\n    name:"))
}

fn command(text: &str) -> Command {
    parsed(text).unwrap_or_else(|e| panic!("{text}: {e:?}")).spec.command().unwrap().clone()
}

fn places() -> Places {
    let chain = Path::new("/data/out/.alpsckpt/chains/m06");
    Places {
        work: chain.join("program"),
        output: chain.join("program/output"),
        stdout: chain.join("logs/1.out"),
        stderr: chain.join("logs/1.err"),
    }
}

fn resolved(text: &str, job: &[(&str, &str)]) -> Resolved {
    let spec = parsed(text).unwrap().spec;
    let job = job.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    spec.command().unwrap().resolve_in(&spec, &spec.chain_of(&[6]), &places(), job)
}

#[test]
fn every_field_of_a_command_is_read_and_filled_in() {
    let run = resolved(FULL, &[("PATH", "/bin"), ("OAR_JOB_ID", "7"), ("OMP_NUM_THREADS", "64")]);
    let work = "/data/out/.alpsckpt/chains/m06/program";
    let arguments = run.program.arguments.iter().map(|a| a.to_str().unwrap()).collect::<Vec<_>>();
    let svf = format!("-SVF={work}/output/svf_06");
    assert_eq!(arguments, ["saga_cmd", "ta_lighting", "3", "-DEM=/data/dem.sgrd", &svf, "-M=6", "{x}"]);
    let variable = |name: &str| run.program.environment.get(OsStr::new(name)).map(|v| v.to_str().unwrap());
    assert_eq!(variable("OMP_NUM_THREADS"), Some("4"));
    assert_eq!(variable("WHEN"), Some("2018-06 of Sky view"));
    assert_eq!(
        (variable("CHAIN"), variable("PATH"), variable("OAR_JOB_ID")),
        (Some("m06"), Some("/bin"), None)
    );
    assert_eq!(variable("TMPDIR"), Some(format!("{work}/tmp").as_str()));
    assert_eq!(run.program.directory, Path::new(work).join("in"));
    assert_eq!(run.program.output, Path::new("/data/out/.alpsckpt/chains/m06/logs/1.out"));
    assert_eq!(run.program.errors, Path::new("/data/out/.alpsckpt/chains/m06/logs/1.err"));
    assert_eq!(run.program.network, Network::Private);
    let results = Path::new("/data/out/results");
    let output = Path::new(work).join("output");
    let outputs = ["svf_06.sdat", "more/svf_06.sgrd"].map(|name| (output.join(name), results.join(name)));
    assert_eq!(run.outputs, outputs);
    assert_eq!(run.inputs, [PathBuf::from("/data/dem.sgrd"), "/abs/t_06.sdat".into()]);
    assert_eq!((run.semaphores, run.processors, run.trial), (Semaphores::Files, Processors::Avx2, false));
    assert_eq!(run.kit.as_deref(), Some(Path::new("/data/criu-kit")));
    let told = progress::ProgressSource::Pattern {
        file: run.program.output.clone(),
        pattern: "([0-9]+)%".to_owned(),
    };
    assert_eq!(run.progress, Some(told));
    let (signal, resume) = run.own.unwrap();
    assert_eq!(signal, nix::sys::signal::Signal::SIGUSR1 as i32);
    assert_eq!(resume.arguments[2], OsString::from(format!("{work}/saved")));
    assert_eq!((resume.environment, resume.directory), (run.program.environment, run.program.directory));
    let spec = parsed(FULL).unwrap().spec;
    let (role, path) = &spec.inputs_of(&spec.chain_of(&[6]))[1];
    assert_eq!((role.as_str(), path.as_path()), ("input 2", Path::new("/abs/t_06.sdat")));
}

#[test]
fn what_is_left_out_has_its_default_and_the_engines_fields_are_not_asked_for() {
    let spec = parsed(SHORT).unwrap().spec;
    assert_eq!((spec.dem.as_path(), spec.year, spec.products.len()), (Path::new(""), 0, 0));
    assert_eq!(spec.checkpoint_every.seconds(), 0, "periodic dumps are off");
    assert_eq!(spec.chains().len(), 2);
    let command = spec.command().unwrap();
    assert_eq!((&command.checkpoint, command.network), (&Checkpoint::Auto, Network::Shared));
    assert_eq!((command.semaphores, command.processors), (Semaphores::Kernel, Processors::Native));
    assert_eq!((command.trial, &command.progress, &command.kit), (true, &ProgressOf::None, &None));
    let run = resolved(SHORT, &[]);
    assert_eq!(run.program.directory, places().work);
    assert!(run.outputs.is_empty() && run.inputs.is_empty() && run.own.is_none() && run.progress.is_none());
    assert_eq!(
        parsed(&outside("    checkpoint_every: \"2h\",")).unwrap().spec.checkpoint_every.seconds(),
        7200
    );
    // An engine's file must have what it must have.
    let engine =
        SHORT.replace("workload: Command(\n        run: Program([\"true\"]),\n    ),", "workload: Engine,");
    let missing: Vec<String> = errors(&engine).into_iter().map(|e| e.what).collect();
    assert_eq!(missing, ["the field `dem` is missing", "the field `year` is missing"]);
}

#[test]
fn a_shells_text_is_one_argument_of_bash() {
    let run = resolved(
        &with(r#"        run: Shell("cut -f{m} x | awk '{{print $1}}' > \"{output}/y\"; exit 5"),"#),
        &[],
    );
    let text = "cut -f6 x | awk '{print $1}' > \"/data/out/.alpsckpt/chains/m06/program/output/y\"; exit 5";
    assert_eq!(run.program.arguments, ["bash", "-c", text].map(OsString::from));
}

#[test]
fn of_the_jobs_environment_only_what_means_the_same_elsewhere_travels() {
    let job = [
        ("PATH", "/bin"),
        ("HOME", "/home/ana"),
        ("LANG", "C.UTF-8"),
        ("R_LIBS", "/x"),
        ("LD_LIBRARY_PATH", "/opt/lib"),
        ("TMPDIR", "/tmp/job7"),
        ("OAR_NODEFILE", "/var/lib/oar/7"),
        ("OARDIR", "kept"),
        ("HOSTNAME", "node1"),
        ("SSH_CONNECTION", "x"),
        ("XDG_RUNTIME_DIR", "/run/user/1"),
        ("XDG_DATA_HOME", "/data"),
        ("ALPSCKPT_TIME_SCALE", "60"),
        ("OLDPWD", "/"),
        ("TMP", "/scratch"),
    ];
    let run = resolved(SHORT, &job);
    let names: Vec<_> = run.program.environment.keys().map(|name| name.to_str().unwrap()).collect();
    let travels =
        ["HOME", "LANG", "LD_LIBRARY_PATH", "OARDIR", "PATH", "PWD", "R_LIBS", "TMPDIR", "XDG_DATA_HOME"];
    assert_eq!(names, travels);
    assert_eq!(run.program.environment[OsStr::new("TMPDIR")], places().work.join("tmp"));
    // What the file says counts last.
    let own =
        resolved(&with("        environment: {\"TMPDIR\": \"/scratch\", \"HOSTNAME\": \"any\"},"), &job);
    assert_eq!(own.program.environment[OsStr::new("TMPDIR")], OsStr::new("/scratch"));
    assert_eq!(own.program.environment[OsStr::new("HOSTNAME")], OsStr::new("any"));
}

#[test]
fn avx512_is_masked_beside_what_the_tunables_say_already() {
    let job = [("GLIBC_TUNABLES", "glibc.malloc.check=1")];
    let of = |text: &str| resolved(text, &job).program.environment;
    assert_eq!(of(SHORT)[OsStr::new("GLIBC_TUNABLES")], OsStr::new("glibc.malloc.check=1"));
    let masked = of(&with("        processors: Avx2,"));
    let tunables = masked[OsStr::new("GLIBC_TUNABLES")].to_str().unwrap();
    assert!(tunables.starts_with("glibc.malloc.check=1:glibc.cpu.hwcaps=-AVX512"), "{tunables}");
    assert!(masked[OsStr::new("NPY_DISABLE_CPU_FEATURES")].to_str().unwrap().contains("AVX512F AVX512CD"));
}

#[test]
fn relative_paths_count_from_the_file_and_folder_is_known_only_where_it_is_named() {
    let spec = parsed(FULL).unwrap().spec;
    assert_eq!(spec.command().unwrap().folder.as_deref(), Some(Path::new("/data")));
    assert_eq!(command(SHORT).folder, None);
    let named = command(&with("        folder: \"scripts\",\n        environment: {\"A\": \"{folder}\"},"));
    assert_eq!(named.folder.as_deref(), Some(Path::new("/data/scripts")));
    assert_eq!(command(&with("        directory: \"sub\",")).directory, "/data/sub");
    // A brace in the folder's own name is no placeholder.
    let odd = parse(
        Path::new("/da{ta/my.ron"),
        &with("        inputs: [\"x_{month}\"],\n        directory: \"d\","),
    );
    let spec = odd.unwrap().spec;
    assert_eq!(spec.inputs_of(&spec.chain_of(&[6]))[0].1, Path::new("/da{ta/x_06"));
    let run = spec.command().unwrap().resolve(&spec, &spec.chain_of(&[6]), &places());
    assert_eq!(run.program.directory, Path::new("/da{ta/d"));
}

#[test]
fn a_frozen_command_reads_back_the_same_and_its_changes_are_told_field_by_field() {
    let spec = parsed(FULL).unwrap().spec;
    let form = freeze(&spec).unwrap();
    let again: Spec = ron::from_str(&form.text).unwrap();
    assert_eq!(again, spec);
    assert_eq!(freeze(&again).unwrap().hash, form.hash);
    let kinds = |from: &str, to: &str| {
        let other = parsed(&FULL.replacen(from, to, 1)).unwrap_or_else(|e| panic!("{to}: {e:?}")).spec;
        let changed = changes(&spec, &other);
        changed.into_iter().map(|c| (c.field, c.change)).collect::<Vec<_>>()
    };
    assert_eq!(kinds("\"3\"", "\"4\""), [("workload.run", Change::Science)]);
    assert_eq!(kinds("{chain}", "{chain}!"), [("workload.environment", Change::Science)]);
    assert_eq!(kinds("{work}/in", "{work}"), [("workload.directory", Change::Science)]);
    assert_eq!(kinds("[\"dem.sgrd\", ", "["), [("workload.inputs", Change::Science)]);
    assert_eq!(kinds("/abs/t_", "/moved/t_"), [("workload.inputs", Change::Place)]);
    assert_eq!(kinds("kit: ", "folder: \"/moved\", kit: "), [("workload.folder", Change::Place)]);
    assert_eq!(kinds("\"svf_{month}.sdat\", ", ""), [("workload.outputs", Change::Job)]);
    for (from, to, field) in [
        ("USR1", "USR2", "workload.checkpoint"),
        ("Private", "Shared", "workload.network"),
        ("Files", "Kernel", "workload.semaphores"),
        ("Avx2", "Native", "workload.processors"),
        ("trial: false", "trial: true", "workload.trial"),
        ("[0-9]", "[1-9]", "workload.progress"),
        ("criu-kit", "kit", "workload.kit"),
    ] {
        assert!(kinds(from, to).contains(&(field, Change::Job)), "{field}: {:?}", kinds(from, to));
    }
    let engine = parsed(SHORT).unwrap().spec;
    let engine = Spec { workload: Workload::Engine, ..engine };
    let changed = changes(&parsed(SHORT).unwrap().spec, &engine);
    assert_eq!((changed[0].field, changed[0].change), ("workload", Change::Science));
}

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

#[test]
fn jobs_ask_for_one_class_of_processors_where_it_is_said_what_its_nodes_have() {
    let site =
        "    site: \"generic; properties=mem=192 OR mem=96; x86-64-v4=cpu='gold'; x86-64-v3=cpu='epyc'\",";
    let of = |lines: &str| {
        let text = with(lines).replace("    name:", &format!("{site}\n    name:"));
        parsed(&text).unwrap_or_else(|e| panic!("{e:?}")).spec
    };
    let asked = |spec: &Spec, learnt: Option<&str>| spec.site_lines_of(learnt)["properties"].clone();
    let plain = "mem=192 OR mem=96";
    let native = of("");
    assert_eq!(asked(&native, None), plain);
    assert_eq!(asked(&native, Some("x86-64-v3")), format!("({plain}) AND (cpu='epyc')"));
    assert_eq!(asked(&native, Some("x86-64-v2")), plain, "nobody says which these are");
    let named = of("        processors: Class(\"x86-64-v4\"),");
    assert_eq!(asked(&named, None), format!("({plain}) AND (cpu='gold')"));
    assert_eq!(asked(&named, Some("x86-64-v3")), format!("({plain}) AND (cpu='gold')"), "what the file says");
    assert_eq!(named.site_lines().keys().collect::<Vec<_>>(), ["properties", "resources"]);
    // Masked, or not dumped at all, it may go anywhere.
    assert_eq!(asked(&of("        processors: Avx2,"), Some("x86-64-v4")), plain);
    let none = of("        checkpoint: None,\n        processors: Class(\"x86-64-v4\"),");
    assert_eq!(asked(&none, Some("x86-64-v4")), plain);
    let again: Spec = ron::from_str(&freeze(&named).unwrap().text).unwrap();
    assert_eq!(again, named);
    let error = only(&with("        processors: Class(\"skylake\"),"));
    assert!(error.what.contains("no class of processors: write \"x86-64-v2\""), "{error}");
    let error = only(&with("").replace("    name:", "    site: \"x86-64-v5=cpu='new'\",\n    name:"));
    assert!(error.cure.contains("x86-64-v4"), "{error}");
}
