//! A second user of the machine lays links, pipes and folders under the program's names in an output folder that he may write
//! to: nothing of the first user's elsewhere is written to, or read into the output, and every command ends.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use alpsckpt::checkpoint::ExitClass;

use crate::scene::Scene;
use crate::support::{copy_all, skip};
use crate::toy::{Site, Toy, options, undisturbed};

/// `nobody` and `nogroup` on Debian.
const SECOND_USER: &str = "65534";
const SECRET: &[u8] = b"what only the first user may read or change";
/// More than any command here takes on a busy machine; a pipe that is waited for lasts for ever.
const BOUND: Duration = Duration::from_mins(1);

/// What the second user lays under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trap {
    /// A symbolic link to the first user's file.
    Link,
    /// A second name of the first user's file.
    HardLink,
    /// A pipe that nobody writes to or reads from.
    Pipe,
    /// A symbolic link to the first user's folder.
    Folder,
}

/// A folder that all may write to, and beside it what only the first user may touch.
struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    /// `None`: said loudly, no second user can be had.
    fn new(test: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        set_mode(folder.path(), 0o755);
        let lab = Self { folder };
        fs::write(lab.secret(), SECRET).unwrap();
        set_mode(&lab.secret(), 0o600);
        fs::create_dir(lab.elsewhere()).unwrap();
        set_mode(&lab.elsewhere(), 0o700);
        if lab.second_user(&["true"]) {
            assert!(!lab.second_user(&["cat", lab.secret().to_str().unwrap()]), "he may not read it himself");
            return Some(lab);
        }
        skip(test, "no command can be run as a second user (root and util-linux are needed)");
        None
    }

    fn secret(&self) -> PathBuf {
        self.folder.path().join("secret")
    }

    fn elsewhere(&self) -> PathBuf {
        self.folder.path().join("elsewhere")
    }

    fn second_user(&self, command: &[&str]) -> bool {
        let mut setpriv = Command::new("setpriv");
        setpriv.args(["--reuid", SECOND_USER, "--regid", SECOND_USER, "--clear-groups"]).args(command);
        setpriv.current_dir(self.folder.path()).output().is_ok_and(|output| output.status.success())
    }

    /// Lays a trap in the place of what has the name.
    fn lay(&self, trap: Trap, name: &Path) {
        let (secret, elsewhere) = (self.secret(), self.elsewhere());
        let [name, secret, elsewhere] = [name, &secret, &elsewhere].map(|p| p.to_str().unwrap());
        let script = match trap {
            Trap::Link => "rm -rf \"$1\"; ln -s \"$2\" \"$1\"",
            Trap::Pipe => "rm -rf \"$1\"; mkfifo -m 666 \"$1\"",
            Trap::Folder => "rm -rf \"$1\"; ln -s \"$3\" \"$1\"",
            Trap::HardLink => "rm -rf \"$1\"; ln \"$2\" \"$1\" 2>/dev/null || true",
        };
        let command = [
            "sh",
            "-c",
            &format!("mkdir -p \"$(dirname \"$1\")\"; {script}"),
            "lay",
            name,
            secret,
            elsewhere,
        ];
        assert!(self.second_user(&command), "{trap:?} {name}");
        if trap == Trap::HardLink && !Path::new(name).exists() {
            // Linux lets nobody do this to a file that he may not write to, unless that protection is off.
            fs::hard_link(secret, name).unwrap();
        }
    }

    /// Nothing of the first user's was touched, and nothing of it stands below `output`.
    fn unharmed(&self, output: &Path, what: &str) {
        assert_eq!(fs::read(self.secret()).unwrap(), SECRET, "{what}: written to through a trap");
        let facts = fs::metadata(self.secret()).unwrap();
        assert_eq!(facts.mode() & 0o777, 0o600, "{what}");
        assert_eq!(fs::read_dir(self.elsewhere()).unwrap().count(), 0, "{what}: made through a trap");
        for file in files(output) {
            let there = fs::symlink_metadata(&file).unwrap();
            if there.is_file() && there.ino() != facts.ino() {
                let found = fs::read(&file).unwrap();
                let copied = found.windows(SECRET.len()).any(|bytes| bytes == SECRET);
                assert!(!copied, "{what}: read into {}", file.display());
            }
        }
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// All that is no folder below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| !fs::symlink_metadata(path).unwrap().is_dir()).collect()
}

/// All that is below a folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if fs::symlink_metadata(&path).unwrap().is_dir() {
            found.extend(entries(&path));
        }
        found.push(path);
    }
    found
}

/// As where a group works in a folder, or somebody was careless.
fn open_to_all(output: &Path) {
    set_mode(output, 0o777);
    for path in entries(output) {
        let mode = if path.is_dir() { 0o777 } else { 0o666 };
        set_mode(&path, mode);
    }
}

fn within<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let result = run();
    assert!(began.elapsed() < BOUND, "{what}: took {:?}", began.elapsed());
    result
}

/// Names below `output` that are there, or will be after the next link.
fn names(output: &Path, next: &Path) -> BTreeSet<PathBuf> {
    let relative = |folder: &Path| {
        let found = entries(folder);
        found.iter().map(|path| path.strip_prefix(folder).unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = relative(output).into_iter().chain(relative(next));
    // Names before there were unforeseeable ones.
    let former = ["svf", "total_m01"].iter().flat_map(|layer| {
        [format!("maps/.{layer}.0003.part"), format!("maps/.{layer}.overviews.0003.part")].map(PathBuf::from)
    });
    all.chain(former).collect()
}

/// A link at work while each of its files, there already or to come, is a trap in turn; then the trap is gone, and the chain is
/// completed with the same maps.
#[test]
fn a_link_touches_nothing_through_a_trap_under_any_of_its_names() {
    const TEST: &str = "a_link_touches_nothing_through_a_trap_under_any_of_its_names";
    let Some(lab) = Lab::new(TEST) else { return };
    let expected = undisturbed();
    // Half of it done, by two links; and what a third makes of it.
    let site = |name: &str| Site::at(lab.folder.path().join(name));
    let half = site("half");
    for tiles in [2, 2] {
        half.run_for(tiles, &options());
    }
    let next = site("next");
    copy_all(&half.output(), &next.output());
    assert_eq!(next.run(&Toy::new(), &options()).class, ExitClass::Complete);
    let names = names(&half.output(), &next.output());
    assert!(names.len() > 40, "{names:?}");
    let mut tried = 0;
    for (at, name) in names.iter().enumerate() {
        let is_folder = [&half, &next].iter().any(|site| site.output().join(name).is_dir());
        let traps: &[Trap] = match at % 2 {
            _ if is_folder => &[Trap::Folder],
            0 => &[Trap::Link, Trap::Pipe],
            _ => &[Trap::Link, Trap::HardLink],
        };
        for trap in traps {
            let what = format!("{trap:?} at {}", name.display());
            let site = site("site");
            let output = site.output();
            copy_all(&half.output(), &output);
            open_to_all(&output);
            lab.lay(*trap, &output.join(name));
            let outcome = within(&what, || site.run(&Toy::new(), &options()));
            lab.unharmed(&output, &what);
            let class = outcome.class;
            let told = [ExitClass::Complete, ExitClass::Output, ExitClass::Input].contains(&class);
            assert!(told, "{what}: {class:?}: {}", outcome.message);
            if class != ExitClass::Complete {
                let told = name.file_name().unwrap().to_str().unwrap();
                assert!(outcome.message.contains(told), "{what}: {}", outcome.message);
                let _ = fs::remove_file(output.join(name));
            }
            let laid = output.join(name);
            if fs::symlink_metadata(&laid).is_ok_and(|facts| !facts.is_dir() && !facts.is_file()) {
                fs::remove_file(&laid).unwrap();
            }
            let outcome = site.run(&Toy::new(), &options());
            assert_eq!(outcome.class, ExitClass::Complete, "{what}, then gone: {}", outcome.message);
            let mut maps = site.maps();
            // A trap that is a file stays where nothing of ours has its name.
            maps.retain(|(file, _)| !file.starts_with('.'));
            assert!(maps == expected, "{what}");
            fs::remove_dir_all(site.folder.path()).unwrap();
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried}");
}

/// The commands of a person, while each file of the campaign that is no chain's is a trap in turn.
#[test]
fn commands_touch_nothing_through_a_trap_under_any_of_the_campaigns_names() {
    const TEST: &str = "commands_touch_nothing_through_a_trap_under_any_of_the_campaigns_names";
    let Some(lab) = Lab::new(TEST) else { return };
    let scene = Scene::new(32);
    set_mode(&scene.path(""), 0o755);
    scene.campaign("my.ron", "out", &["months: [6],", "products: [SkyView],"]);
    scene.ask(&["run", "my.ron"]).good();
    let output = scene.path("out");
    copy_all(&output, &scene.path("whole"));
    let relative = |path: PathBuf| path.strip_prefix(scene.path("whole")).unwrap().to_owned();
    let in_chain = Path::new(".alpsckpt/chains/m06");
    let mut names: BTreeSet<PathBuf> = entries(&scene.path("whole")).into_iter().map(relative).collect();
    names.retain(|name| !name.starts_with(in_chain) || name.components().count() <= 4);
    names.extend([".alpsckpt/lease", ".alpsckpt/doubts.ron", ".alpsckpt/journal"].map(PathBuf::from));
    assert!(names.len() > 10, "{names:?}");
    for (at, name) in names.iter().enumerate() {
        let is_folder = scene.path("whole").join(name).is_dir();
        let traps: &[Trap] = match at % 2 {
            _ if is_folder => &[Trap::Folder],
            0 => &[Trap::Link],
            _ => &[Trap::Pipe],
        };
        for trap in traps.iter().chain((!is_folder && name.ends_with("journal")).then_some(&Trap::HardLink)) {
            let what = format!("{trap:?} at {}", name.display());
            fs::remove_dir_all(&output).unwrap();
            copy_all(&scene.path("whole"), &output);
            open_to_all(&output);
            lab.lay(*trap, &output.join(name));
            for command in
                [&["status", "my.ron"][..], &["verify", "my.ron"], &["maps", "my.ron"], &["run", "my.ron"]]
            {
                let answer = within(&what, || scene.ask(command));
                lab.unharmed(&output, &format!("{what}: {command:?}"));
                assert!(answer.code.is_some_and(|code| code != 70), "{what}: {answer}");
                assert!(!answer.stdout.contains("what only the first user"), "{what}: {answer}");
            }
        }
    }
}
