//! The commands as a person or a script uses them.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use alpsckpt::engine::geotiff::Raster;
use serde_json::Value;

use crate::scene::{Answer, Scene, assert_same_maps, sky, wait_for};
use crate::support::{cells, have_programs, said, skip};

/// What there is at least.
const COMMANDS: [&str; 24] = [
    "demo",
    "new",
    "check",
    "doctor",
    "preview",
    "plan",
    "run",
    "submit",
    "open",
    "status",
    "resubmit",
    "checkpoint",
    "checkpoints",
    "hold",
    "resume",
    "stop",
    "log",
    "verify",
    "bench",
    "maps",
    "cluster",
    "kit",
    "man",
    "completions",
];

#[test]
fn every_command_has_help_with_an_example_and_its_exit_codes() {
    let scene = Scene::new(16);
    let all = scene.ask(&["--help"]);
    for command in commands_in(&all.good().stdout) {
        let help = scene.ask(&[command, "--help"]);
        let text = &help.good().stdout;
        assert!(text.contains(&format!("alpsckpt {command}")) && text.contains("Exit codes:"), "{help}");
    }
    assert!(!all.stdout.contains("\n  job"), "what people do not type is not in the help: {all}");
}

/// The names below `Commands:` in a help.
fn commands_in(help: &str) -> Vec<&str> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    listed.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}

#[test]
fn all_help_fits_80_columns_and_begins_with_an_example_of_its_own() {
    let scene = Scene::new(16);
    let ask = |arguments: &[&str]| {
        let output = scene.alpsckpt(arguments).env("COLUMNS", "80").output().unwrap();
        let answer = Answer::of(output);
        answer.good();
        let long = answer.stdout.lines().find(|line| line.chars().count() > 80);
        assert!(long.is_none(), "{arguments:?}: {long:?}");
        answer.stdout
    };
    let all = ask(&["--help"]);
    assert_eq!(ask(&["help"]), all);
    let lacking: Vec<&str> = COMMANDS.into_iter().filter(|one| !commands_in(&all).contains(one)).collect();
    assert!(lacking.is_empty(), "{lacking:?} are not in the help:\n{all}");
    for command in commands_in(&all) {
        let help = ask(&[command, "--help"]);
        assert_eq!(ask(&["help", command]), help);
        let mut lines = help.lines().skip_while(|line| !line.starts_with("Example"));
        let begin = format!("  alpsckpt {}", if command == "open" { "open " } else { command });
        assert!(lines.nth(1).is_some_and(|example| example.starts_with(&begin)), "{help}");
        for below in commands_in(&help) {
            ask(&[command, below, "--help"]);
        }
    }
}

#[test]
fn each_command_has_a_page_of_the_manual() {
    if !have_programs("each_command_has_a_page_of_the_manual", &["mandoc"]) {
        return;
    }
    let scene = Scene::new(16);
    let answer = scene.ask(&["man", "pages/man1"]);
    let files: Vec<&str> = answer.good().stdout.lines().collect();
    for command in commands_in(&scene.ask(&["--help"]).good().stdout) {
        let file = format!("pages/man1/alpsckpt-{command}.1");
        assert!(files.contains(&file.as_str()), "{answer}");
        let page = said("mandoc", &["-T", "ascii", &file], &scene.path(""));
        let plain: String = page.replace('\u{8}', "").chars().collect();
        assert!(plain.contains(&format!("alpsckpt {command}")) && plain.contains("0 "), "{page}");
    }
    let first = scene.ask(&["man"]);
    assert_eq!(fs::read_to_string(scene.path("pages/man1/alpsckpt.1")).unwrap(), first.good().stdout);
    // Fails on anything that a reader of such pages calls an error.
    said("mandoc", &[&["-T", "lint", "-W", "error"], &files[..]].concat(), &scene.path(""));
}

#[test]
fn shells_take_the_completions() {
    if !have_programs("shells_take_the_completions", &["bash", "zsh", "fish"]) {
        return;
    }
    let scene = Scene::new(16);
    for shell in ["bash", "zsh", "fish"] {
        let script = scene.ask(&["completions", shell]);
        assert!(script.good().stdout.contains("resubmit"), "{script}");
        fs::write(scene.path("script"), &script.stdout).unwrap();
        said(shell, &["-n", "script"], &scene.path(""));
    }
    let words = "source ./script; COMP_WORDS=(alpsckpt resu); COMP_CWORD=1; _alpsckpt alpsckpt resu alpsckpt; echo ${COMPREPLY[@]}";
    fs::write(scene.path("script"), scene.ask(&["completions", "bash"]).stdout).unwrap();
    assert_eq!(said("bash", &["-c", words], &scene.path("")).trim(), "resubmit resume");
    scene.ask(&["completions", "basic"]).failed(2, &["bash", "zsh", "fish"]);
}

#[test]
fn without_utf8_all_is_told_in_ascii_but_the_names_of_files() {
    let scene = Scene::new(48);
    scene.campaign("été.ron", "été", &["name: \"Été\",", "months: [6],", "products: [SkyView, Total],"]);
    let ask = |arguments: &[&str]| Answer::of(scene.alpsckpt(arguments).env("LC_ALL", "C").output().unwrap());
    for arguments in [&["--help"][..], &["demo", "--help"], &["bench", "--help"]] {
        let help = ask(arguments);
        assert!(help.good().stdout.is_ascii(), "{help}");
    }
    let (run, shown) = (ask(&["run", "été.ron"]), ask(&["preview", "été.ron"]));
    assert!(run.good().stdout.contains(" ... ") && run.stdout.contains("/été/maps"), "{run}");
    assert!(shown.good().stdout.is_ascii() && shown.stdout.contains(" ... "), "{shown}");
    let status = ask(&["status", "été.ron"]);
    assert!(status.good().stdout.starts_with("Ete  /") && status.stdout.contains("/été/maps"), "{status}");
    // What a program reads stays as it is.
    let json: Value = serde_json::from_str(&ask(&["status", "été.ron", "--json"]).good().stdout).unwrap();
    assert_eq!(json["name"], "Été", "{json}");
    let missing = ask(&["status", "nichtda.ron"]);
    let words = missing.stderr.replace("été", "");
    assert!(words.is_ascii() && words.contains("  -> "), "{missing}");
    assert!(ask(&["maps", "été.ron"]).good().stdout.lines().all(|file| Path::new(file).is_file()));
}

#[test]
fn commands_are_told_as_this_program_was_called() {
    let scene = Scene::new(16);
    let called = |arguments: &[&str]| {
        let mut command = scene.alpsckpt(arguments);
        Answer::of(command.env("PATH", "/usr/bin:/bin").output().unwrap())
    };
    let answer = called(&["status"]);
    answer.failed(66, &["new my.ron"]);
    let cure = answer.stderr.split('`').find(|command| command.ends_with(" new my.ron")).unwrap();
    assert!(cure.starts_with('/'), "{answer}");
    // The cure works as it is printed, by a shell that knows no `alpsckpt`.
    said("sh", &["-c", &format!("PATH=/usr/bin:/bin; {cure}")], &scene.path(""));
    assert!(scene.path("my.ron").is_file());
    // Where the shell would find it, it is told by its name.
    scene.ask(&["status"]).failed(66, &["`alpsckpt demo`"]);
}

#[test]
fn the_demo_asks_for_its_terminal_before_it_makes_anything() {
    let scene = Scene::new(16);
    let answer = scene.ask(&["demo", "--dir", "my demo"]);
    answer.failed(2, &["needs a terminal", "alpsckpt demo --dir 'my demo' --headless"]);
    assert!(!scene.path("my demo").exists() && !scene.path("state").exists());
}

#[test]
fn one_is_told_as_one_and_values_with_their_unit() {
    let scene = Scene::new(48);
    scene.campaign("my.ron", "out", &sky(&["tile: 256,"]));
    let mut told = String::new();
    for arguments in [
        &["check", "my.ron"][..],
        &["plan", "my.ron"],
        &["run", "my.ron"],
        &["status"],
        &["verify"],
        &["log", "m01"],
    ] {
        let answer = scene.ask(arguments);
        answer.good();
        told += &answer.stdout;
        told += &answer.stderr;
    }
    assert!(told.contains("1 tile") && told.contains("1 map, all verified"), "{told}");
    assert!(told.contains("1.00 ratio  verified"), "{told}");
    let words: Vec<&str> = told.split_whitespace().collect();
    let plural =
        |word: &str| word.len() > 2 && word.ends_with('s') && !["was", "has", "less"].contains(&word);
    let wrong: Vec<_> =
        words.windows(2).filter(|w| w[0] == "1" && plural(w[1].trim_matches([',', '.', ';']))).collect();
    assert!(wrong.is_empty(), "{wrong:?} in\n{told}");
}

#[test]
fn a_preview_takes_the_campaign_opened_last_and_says_what_it_shows() {
    let scene = Scene::new(48);
    scene.campaign("my.ron", "out", &["products: [SkyView, Total, Temperature],"]);
    scene.ask(&["preview"]).failed(66, &["no campaign"]);
    scene.ask(&["run", "my.ron", "--months", "6"]).good();
    let shown = scene.ask(&["preview", "--month", "6", "--png", "june.png"]);
    for words in [
        "lst_mean_m06: Land-surface temperature (mean), month 6",
        " °C",
        "2nd to the 98th",
        "┤ 500 m",
        "48 x 48 cells of 25 m",
    ] {
        assert!(shown.good().stdout.contains(words), "{words}: {shown}");
    }
    assert!(fs::read(scene.path("june.png")).unwrap().starts_with(b"\x89PNG"));
    let sky = scene.ask(&["preview", "out", "--month", "6", "--layer", "svf"]);
    assert!(sky.good().stdout.contains(" ratio") && sky.stderr.contains("the same in all months"), "{sky}");
    assert!(scene.ask(&["preview", "--layer", "total_m06"]).good().stdout.contains("total_m06:"));
    assert!(scene.ask(&["preview", "--month", "6", "--layer", "total"]).good().stdout.contains(" kWh/m2"));
    scene.ask(&["preview", "--month", "1", "--layer", "total_m06"]).failed(2, &["month 6", "leave one"]);
    let known = "name one of svf, total_m01, lst_mean_m01";
    scene.ask(&["preview", "--month", "1", "--layer", "height"]).failed(2, &["\"height\"", known]);
    scene.ask(&["plan"]).good();
}

#[test]
fn every_command_and_its_exit_codes_are_in_the_documentation() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let [page, screens] =
        ["commands.md", "screens.md"].map(|name| fs::read_to_string(docs.join(name)).unwrap());
    let all = Scene::new(16).ask(&["--help"]);
    for command in commands_in(&all.good().stdout).into_iter().chain(["job run"]) {
        // What a key does too stands in the table of the keys.
        let told = format!("`alpsckpt {command}");
        assert!(page.contains(&told) || screens.contains(&told), "{command} is not in docs/commands.md");
    }
    for code in [0, 2, 65, 66, 69, 70, 73, 74, 75, 76, 99] {
        assert!(page.contains(&format!("| {code} |")), "exit code {code} is not in docs/commands.md");
    }
}

#[test]
fn without_a_campaign_the_program_says_how_to_begin() {
    let scene = Scene::new(16);
    scene.ask(&[]).failed(66, &["no campaign", "alpsckpt new", "alpsckpt demo"]);
    scene.ask(&["status"]).failed(66, &["no campaign"]);
    scene.ask(&["status", "nowhere.ron"]).failed(66, &["nowhere.ron", "alpsckpt new"]);
    fs::create_dir(scene.path("empty")).unwrap();
    scene.ask(&["verify", "empty"]).failed(66, &["no campaign here"]);
}

#[test]
fn wrong_usage_has_its_own_code() {
    let scene = Scene::new(16);
    scene.ask(&["chekc"]).failed(2, &["check"]);
    scene.ask(&["stop", "ju/ly"]).failed(2, &["m01"]);
    scene.campaign("my.ron", "out", &[]);
    scene.ask(&["run", "my.ron", "--months", "3"]).failed(2, &["month 3", "1, 6"]);
    scene.ask(&["preview", "my.ron", "--month", "3"]).failed(2, &["month 3"]);
}

/// Any plain word may name a chain: which there are, the campaign knows.
#[test]
fn a_chain_that_the_campaign_does_not_have_is_missing_and_those_that_it_has_are_named() {
    let scene = Scene::new(32);
    scene.campaign("my.ron", "out", &sky(&[]));
    scene.ask(&["run", "my.ron"]).good();
    scene.ask(&["stop", "july", "--campaign", "my.ron"]).failed(66, &["july", "there are m01", "\n  → "]);
}

#[test]
fn new_never_overwrites_and_check_of_the_template_names_what_is_missing() {
    let scene = Scene::new(16);
    scene.ask(&["new", "my.ron"]).good();
    let text = fs::read(scene.path("my.ron")).unwrap();
    scene.ask(&["new", "my.ron"]).failed(74, &["my.ron", "exists"]);
    assert_eq!(fs::read(scene.path("my.ron")).unwrap(), text);
    fs::remove_file(scene.path("dem.tif")).unwrap();
    scene.ask(&["check", "my.ron"]).failed(
        65,
        &["dem.tif", "reference_height.tif", "t_mean_{month}.tif", "(months 01 to 12)", "3 problems"],
    );
}

#[test]
fn what_others_wrote_is_never_printed_raw() {
    let scene = Scene::new(16);
    // No terminal obeys it, and it hides what follows.
    let lines = ["name: \"a\\u{202e}b\\u{2066}owned\","];
    scene.campaign("my.ron", "out", &lines);
    scene.campaign("bad.ron", "bad", &["year: \u{1b}[31m2018,"]);
    scene.cluster(1.0);
    let commands: [&[&str]; 9] = [
        &["check", "my.ron"],
        &["plan", "my.ron"],
        &["check", "bad.ron"],
        &["submit", "my.ron", "--months", "1", "--cluster-dir", "cluster"],
        &["submit", "my.ron", "--months", "3"],
        &["status", "out"],
        &["status", "out", "--json"],
        &["log", "m01", "--campaign", "out", "--list"],
        &["log", "m06", "--campaign", "out"],
    ];
    let harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    for command in commands {
        let answer = scene.ask(command);
        for said in [&answer.stdout, &answer.stderr] {
            assert!(!said.contains(harmful), "{command:?}: {said:?}");
        }
    }
    // Shown as numbers by a look, so that nothing is hidden either; JSON stays JSON.
    assert!(scene.ask(&["status", "out"]).stdout.contains("a\\u{202e}b\\u{2066}owned"));
    let status = scene.status("out");
    assert!(status["name"].as_str().is_some_and(|name| name.contains("owned")), "{status}");
    // A job's own words.
    let log = scene.path("out/.alpsckpt/chains/m06/logs/0001.log");
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    fs::write(&log, "one\u{1b}[2J\u{202e}two\r\nthree\n").unwrap();
    let said = scene.ask(&["log", "m06", "--campaign", "out"]);
    assert_eq!(said.good().stdout, "one\\u{1b}[2J\\u{202e}two\nthree\n");
}

#[test]
fn who_may_not_read_or_write_a_campaign_is_told_whose_it_is_and_the_cure() {
    let test = "who_may_not_read_or_write_a_campaign_is_told_whose_it_is_and_the_cure";
    if !nix::unistd::Uid::effective().is_root() {
        skip(test, "it takes root to be another user");
        return;
    }
    let scene = Scene::new(16);
    scene.campaign("my.ron", "out", &["months: [6],"]);
    scene.ask(&["run", "my.ron"]).good();
    let mode = |path: &str, mode| {
        fs::set_permissions(scene.path(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("", 0o755);
    mode("out", 0o700);
    // A copy that another user may execute, wherever the tests are built.
    fs::copy(crate::scene::PROGRAM, scene.path("program")).unwrap();
    mode("program", 0o755);
    let ask = |user: u32, arguments: &[&str]| {
        let mut command = std::process::Command::new(scene.path("program"));
        crate::scene::apart(&mut command, &scene.path("")).uid(user).gid(user);
        crate::scene::Answer::of(
            command.env("ALPSCKPT_STATE", scene.path("none")).args(arguments).output().unwrap(),
        )
    };
    ask(4321, &["status", "out"])
        .failed(74, &["you may not read", "belongs to root, with mode 700", "chown -R 4321 "]);
    // All is the other's but the journal, which root wrote.
    let chown = |path: &Path, user| std::os::unix::fs::chown(path, Some(user), Some(user)).unwrap();
    let mut folders = vec![scene.path("out")];
    while let Some(folder) = folders.pop() {
        chown(&folder, 4321);
        for entry in fs::read_dir(&folder).unwrap().map(|e| e.unwrap()) {
            chown(&entry.path(), 4321);
            folders.extend(entry.file_type().unwrap().is_dir().then(|| entry.path()));
        }
    }
    let state = scene.path("out/.alpsckpt");
    chown(&state.join("journal"), 0);
    fs::remove_file(state.join("chains/m06/complete.ron")).unwrap();
    ask(4321, &["status", "out"]).good();
    let refused = ask(4321, &["resubmit", "m06", "--campaign", "out"]);
    refused.failed(74, &["journal", "belongs to root", "as root: chown -R "]);
    let cure = refused.stderr.split("as root: ").nth(1).unwrap().lines().next().unwrap().to_owned();
    let cured = std::process::Command::new("sh").args(["-c", &cure]).status().unwrap();
    assert!(cured.success(), "{cure}");
    let again = ask(4321, &["resubmit", "m06", "--campaign", "out"]);
    assert!(!again.stderr.contains("belongs to"), "{again}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let scene = Scene::new(48);
    scene.campaign("my.ron", "out", &[]);
    let mut plan =
        scene.alpsckpt(&["plan", "my.ron"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(plan.stdout.take());
    let mut stderr = String::new();
    plan.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((plan.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_run_stopped_by_a_signal_goes_on_to_the_same_maps() {
    let scene = Scene::new(96);
    scene.campaign("one.ron", "one", &["months: [6],"]);
    scene.campaign("two.ron", "two", &["months: [6],", "threads: Some(2),", "pace: Some(\"60 tiles/min\"),"]);
    let mut run = scene.alpsckpt(&["run", "one.ron"]).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("the link", || scene.path("one/.alpsckpt/chains/m06/status").is_dir().then_some(()));
    let pid = nix::unistd::Pid::from_raw(i32::try_from(run.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let mut stderr = String::new();
    run.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    match run.wait().unwrap().code() {
        Some(99) => assert!(stderr.contains("Go on with: alpsckpt run one.ron"), "{stderr}"),
        // So small a campaign may be done before the signal arrives.
        code => assert_eq!(code, Some(0), "{stderr}"),
    }
    scene.ask(&["run", "one.ron"]).good();
    scene.ask(&["run", "two.ron"]).good();
    assert_same_maps(&scene.maps("one"), &scene.maps("two"));
    // A complete campaign is not computed again.
    let again = scene.ask(&["run", "one.ron"]);
    assert!(again.good().stdout.contains("all verified"), "{again}");
}

#[test]
fn a_spoilt_map_is_found_by_verify() {
    let scene = Scene::new(48);
    scene.campaign("my.ron", "out", &["months: [6],", "products: [Total],"]);
    scene.ask(&["run", "my.ron"]).good();
    let map = scene.path("out/maps/total_m06.tif");
    let good = fs::read(&map).unwrap();
    let mut bytes = good.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&map, bytes).unwrap();
    let verdict = scene.ask(&["verify", "my.ron"]);
    verdict.failed(65, &["1 map is not what was computed", "the good ones kept"]);
    assert!(verdict.stdout.contains("total_m06.tif"), "{verdict}");
    // The command that it tells makes the map anew, and keeps what was there.
    let cure = verdict.stderr.split("by: ").nth(1).unwrap().trim();
    assert!(cure.starts_with("alpsckpt resubmit m06 --campaign "), "{cure}");
    let words: Vec<&str> = cure.split(' ').skip(1).collect();
    let cured = scene.ask(&words);
    cured.good();
    assert!(cured.stderr.contains("total_m06.tif is not what was computed: put aside as"), "{cured}");
    wait_for("the map to be made anew", || {
        (scene.status("out")["chains"][0]["state"] == "Complete").then_some(())
    });
    scene.ask(&["verify", "my.ron"]).good();
    assert!(fs::read(&map).unwrap() == good, "the same map");
    fs::remove_file(&map).unwrap();
    scene.ask(&["verify", "my.ron"]).failed(65, &["alpsckpt resubmit m06"]);
}

#[test]
fn commands_are_told_so_that_a_shell_takes_them_with_any_file() {
    let scene = Scene::new(16);
    scene.campaign("my camp.ron", "out", &sky(&[]));
    let checked = scene.ask(&["check", "my camp.ron"]);
    let next = checked.good().stdout.lines().last().unwrap();
    assert_eq!(next, "Next: alpsckpt preview 'my camp.ron' --month 1, alpsckpt plan 'my camp.ron'");
    let made = scene.ask(&["new", "a b.ron"]);
    assert!(made.good().stdout.contains("then: alpsckpt check 'a b.ron'\n"), "{made}");
    // Nowhere is a path put into a command as it is: `word` quotes it.
    let command = regex::Regex::new(r#"alpsckpt [a-z]+[^"]*\{\d?\}"#).unwrap();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut scanned = 0;
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for found in command.find_iter(&text) {
                let rest = &text[found.start()..];
                let statement = &rest[..rest.find(";\n").unwrap_or(rest.len())];
                // A path among named arguments stands outside the command.
                let bare = statement.lines().any(|line| line.contains(".display()") && !line.contains(" = "));
                assert!(!bare, "{}: a path that is not quoted in a command: {statement}", path.display());
                scanned += 1;
            }
        }
    }
    assert!(scanned > 5, "{scanned} commands");
}

#[test]
fn a_campaign_out_of_reach_is_told_and_not_taken_for_one_that_never_was() {
    let scene = Scene::new(16);
    scene.campaign("my.ron", "out", &sky(&[]));
    scene.campaign("other.ron", "other", &sky(&[]));
    scene.ask(&["run", "my.ron"]).good();
    fs::rename(scene.path("out"), scene.path("away")).unwrap();
    let told =
        ["out: the campaign \"Test\" was here", "out of reach now", "mount its disk or move the folder back"];
    scene.ask(&["status", "my.ron"]).failed(66, &told);
    // Another that is opened does not make it forgotten.
    scene.ask(&["run", "other.ron"]).good();
    scene.ask(&["stop", "m01", "--campaign", "my.ron"]).failed(66, &told);
    let anew = scene.ask(&["run", "my.ron"]);
    assert!(anew.good().stderr.contains("another one is begun in its place"), "{anew}");
    assert!(!scene.ask(&["run", "other.ron"]).good().stderr.contains("in its place"));
}

#[test]
fn a_campaign_is_found_without_its_file() {
    let scene = Scene::new(16);
    let file = scene.campaign("my.ron", "out", &sky(&[]));
    scene.ask(&["run", "my.ron"]).good();
    fs::write(&file, "").unwrap();
    let refused = scene.ask(&["stop", "m01", "--campaign", "my.ron"]);
    let out = scene.path("out");
    refused.failed(65, &["the file is not needed", &format!("name its output folder: {}", out.display())]);
    scene.ask(&["stop", "m01", "--campaign", out.to_str().unwrap()]).failed(75, &["it is complete"]);
}

#[test]
fn a_cluster_that_cannot_be_used_says_so_and_what_to_do() {
    let scene = Scene::new(16);
    scene.campaign("my.ron", "out", &sky(&[]));
    let homeless =
        scene.alpsckpt(&["submit", "my.ron"]).env("ALPSCKPT_STATE", "/dev/null/x").output().unwrap();
    let homeless = Answer::of(homeless);
    homeless.failed(69, &["/dev/null/x/cluster", "--cluster-dir DIR", "ALPSCKPT_STATE"]);
    assert!(!homeless.stderr.contains("jobs go on by themselves"), "{homeless}");
    let test = "a_cluster_that_cannot_be_used_says_so_and_what_to_do";
    if !nix::unistd::Uid::effective().is_root() {
        skip(test, "it takes root to be another user");
        return;
    }
    scene.cluster(1.0);
    scene.ask(&["submit", "my.ron", "--cluster-dir", "cluster"]).good();
    let mode = |path: &str, mode| {
        fs::set_permissions(scene.path(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::copy(crate::scene::PROGRAM, scene.path("program")).unwrap();
    mode("program", 0o755);
    mode("", 0o755);
    for closed in [0o755, 0o700] {
        mode("cluster", closed);
        let mut command = std::process::Command::new(scene.path("program"));
        crate::scene::apart(&mut command, &scene.path("")).uid(4321).gid(4321);
        let seen =
            Answer::of(command.env("ALPSCKPT_STATE", "/nowhere").args(["status", "out"]).output().unwrap());
        let said = &seen.good().stdout;
        assert!(
            said.contains("belongs to root: only root can ask it") && said.contains("→ what lies"),
            "{seen}"
        );
        assert!(!said.contains("does not answer") && !said.contains("server.log"), "{seen}");
    }
}

#[test]
fn the_golden_tile_goes_the_whole_way_of_a_user() {
    let scene = Scene::new(16);
    golden_campaign(&scene);
    scene.ask(&["check", "golden.ron"]).good();
    let plan = scene.ask(&["plan", "golden.ron", "--json"]);
    let plan: Value = serde_json::from_str(&plan.good().stdout).unwrap();
    assert!(plan.is_object(), "{plan}");
    let shown = scene.ask(&["preview", "golden.ron", "--month", "6", "--size", "64", "--png", "window.png"]);
    assert!(shown.good().stdout.contains("lst_mean_m06"), "{shown}");
    assert!(fs::read(scene.path("window.png")).unwrap().starts_with(b"\x89PNG"));

    scene.ask(&["run", "golden.ron"]).good();
    for month in ["01", "06"] {
        let rmse = rmse(
            &scene.path(&format!("ours/maps/lst_mean_m{month}.tif")),
            &golden(&format!("lst_m{month}.tif")),
        );
        assert!(rmse <= 1e-4, "lst_mean_m{month}: {rmse} K from SAGA's");
    }
    let pictures = scene.ask(&["maps", "golden.ron", "--png"]);
    assert_eq!(pictures.good().stdout.lines().count(), scene.maps("ours").len());

    scene.cluster(60.0);
    let text = fs::read_to_string(scene.path("golden.ron")).unwrap().replace("\"ours\"", "\"theirs\"");
    // June alone: SAGA's shadows are slow, and the way is the same.
    let text = text.replace("months: [1, 6]", "months: [6]");
    fs::write(scene.path("chained.ron"), text).unwrap();
    scene.ask(&["submit", "chained.ron", "--cluster", "embedded", "--cluster-dir", "cluster"]).good();
    scene.ask(&["submit", "chained.ron", "--cluster", "embedded", "--cluster-dir", "cluster"]).good();
    let status = wait_for("the chains' end", || {
        let status: Value = serde_json::from_str(&scene.ask(&["status", "--json"]).good().stdout).unwrap();
        (status["complete"] == true).then_some(status)
    });
    assert_eq!(status["chains"].as_array().map(Vec::len), Some(1));
    assert_eq!(status["chains"][0]["attempts"], 1, "{status}");
    // January's maps are not in this campaign; the sky view is in both.
    let june: Vec<_> = scene.maps("ours").into_iter().filter(|(name, _)| !name.contains("m01")).collect();
    assert_same_maps(&scene.maps("theirs"), &june);
    let log = scene.ask(&["log", "m06", "--campaign", "theirs"]);
    assert!(!log.good().stdout.is_empty());
    scene.ask(&["log", "m06", "--link", "9", "--campaign", "theirs"]).failed(66, &["link 9"]);
    scene.ask(&["stop", "m06", "--campaign", "theirs"]).failed(75, &["m06"]);
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/alps256/saga85").join(name)
}

/// Writes `golden.ron` from the template, as a user would fill it in.
fn golden_campaign(scene: &Scene) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/alps256");
    let data = data.display();
    scene.ask(&["new", "golden.ron"]).good();
    let filled = [
        ("output:", "output: \"ours\",".to_owned()),
        ("dem:", format!("dem: \"{data}/dem.tif\",")),
        ("months:", "months: [1, 6],".to_owned()),
        // SAGA's maps are float32: compared without the steps of integers.
        ("storage:", "storage: Float32,".to_owned()),
        ("\"mean\":", format!("\"mean\": (file: \"{data}/inputs/t_1km_m{{month}}.tif\", unit: Celsius),")),
        ("reference_height:", format!("reference_height: \"{data}/inputs/zref_1km.tif\",")),
        ("lapse:", format!("lapse: Grid(\"{data}/inputs/lapse_30km_m{{month}}.tif\"),")),
        (
            "cloud:",
            format!("cloud: Grid(\"{data}/saga85/clouds_gwr_m{{month}}.tif\"), mode: AsSaga, tile: 256,"),
        ),
    ];
    let text = fs::read_to_string(scene.path("golden.ron")).unwrap();
    let fill = |line: &str| {
        let found = filled.iter().find(|(field, _)| line.trim_start().starts_with(field));
        found.map_or_else(|| line.to_owned(), |(_, new)| new.clone())
    };
    fs::write(scene.path("golden.ron"), text.lines().map(fill).collect::<Vec<_>>().join("\n")).unwrap();
}

/// Root mean square of the differences of two rasters of the same shape.
fn rmse(one: &Path, other: &Path) -> f64 {
    let read = |path: &Path| cells(&Raster::open(path).unwrap()).unwrap();
    let (one, other) = (read(one), read(other));
    assert_eq!((one.width, one.height), (other.width, other.height));
    let pairs = one.values.iter().zip(&other.values);
    let valid: Vec<f64> = pairs.map(|(a, b)| f64::from(a - b)).filter(|d| !d.is_nan()).collect();
    assert!(!valid.is_empty());
    (valid.iter().map(|d| d * d).sum::<f64>() / valid.len() as f64).sqrt()
}
