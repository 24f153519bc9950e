//! A command in the place of the engine.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::super::*;
use super::{errors, only, parsed};
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

pub(super) const SHORT: &str = r#"(
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
pub(super) fn with(lines: &str) -> String {
    if lines.trim_start().starts_with("run:") {
        SHORT.replace("        run: Program([\"true\"]),", lines)
    } else {
        SHORT.replace("    ),\n", &format!("{lines}\n    ),\n"))
    }
}

/// `SHORT` with a line outside its command; that of the same name goes.
pub(super) fn outside(line: &str) -> String {
    let name = line.split(':').next().unwrap().trim();
    let kept: Vec<&str> = SHORT.lines().filter(|l| !l.starts_with(&format!("    {name}:"))).collect();
    kept.join("\n").replace("    name:", &format!("{line}\n    name:"))
}

pub(super) fn command(text: &str) -> Command {
    parsed(text).unwrap_or_else(|e| panic!("{text}: {e:?}")).spec.command().unwrap().clone()
}

pub(super) fn places() -> Places {
    let chain = Path::new("/data/out/.alpsckpt/chains/m06");
    Places {
        work: chain.join("program"),
        output: chain.join("program/output"),
        stdout: chain.join("logs/1.out"),
        stderr: chain.join("logs/1.err"),
    }
}

pub(super) fn resolved(text: &str, job: &[(&str, &str)]) -> Resolved {
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
    let engine = Spec { workload: Computing::Engine, ..engine };
    let changed = changes(&parsed(SHORT).unwrap().spec, &engine);
    assert_eq!((changed[0].field, changed[0].change), ("workload", Change::Science));
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
