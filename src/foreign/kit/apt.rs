//! Packages of another suite of Debian, by `apt-get` with a state of its own: nothing of the system's is read but where its mirrors
//! are, and nothing is written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::super::backend::{Trouble, TroubleKind};
use super::super::calls::{self, CallOutput};
use super::troubles::{ELSEWHERE, no_program, unwritten};

/// An apt that takes longer has no network; a slow one gets 50 MB in this time.
const PATIENCE: Duration = Duration::from_mins(15);

/// Read after the system's own settings, of which proxies and passwords stay.
///
/// Hooks act on the system: images of containers have one that empties its cache. Signatures count, whatever the system has
/// chosen for itself.
const SETTINGS: &str = "\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear APT::Default-Release;
#clear Dir::Cache::pkgcache;
#clear Dir::Cache::srcpkgcache;
APT::Install-Recommends \"false\";
APT::Install-Suggests \"false\";
APT::Sandbox::User \"root\";
APT::Update::Error-Mode \"any\";
APT::Get::AllowUnauthenticated \"false\";
Acquire::AllowInsecureRepositories \"false\";
Acquire::AllowWeakRepositories \"false\";
Acquire::AllowDowngradeToInsecureRepositories \"false\";
Acquire::Languages \"none\";
Acquire::http::Timeout \"30\";
Acquire::https::Timeout \"30\";
Acquire::Retries \"2\";
";

/// Where Debian keeps the keys of its archive, the newest name first.
const KEYRINGS: [&str; 2] =
    ["/usr/share/keyrings/debian-archive-keyring.pgp", "/usr/share/keyrings/debian-archive-keyring.gpg"];

/// What is to be fetched, and from where.
pub(super) struct Wanted<'a> {
    pub(super) suite: &'a str,
    /// `None`: the machine's own.
    pub(super) mirror: Option<&'a str>,
    /// `None`: Debian's.
    pub(super) keyring: Option<&'a Path>,
}

/// Fetches `criu` and all that it needs into `debs`, with the state in the folder `state`; the mirror that had them.
pub(super) fn fetch(wanted: &Wanted<'_>, state: &Path, debs: &Path) -> Result<String, Trouble> {
    let apt = Apt { state: state.to_path_buf(), debs: debs.to_path_buf() };
    apt.prepare().map_err(|e| unwritten(state, &e))?;
    let keyring = keyring(wanted.keyring)?;
    let architecture = architecture()?;
    let mirrors = match wanted.mirror {
        Some(mirror) => vec![mirror.to_owned()],
        None => mirrors()?,
    };
    let mut refusal = None;
    for mirror in mirrors {
        let sources = format!(
            "Types: deb\nURIs: {mirror}\nSuites: {}\nComponents: main\nArchitectures: {architecture}\nTargets: Packages\n{}",
            wanted.suite,
            keyring.as_deref().map_or_else(String::new, |file| format!("Signed-By: {}\n", file.display())),
        );
        let file = apt.sources();
        fs::write(&file, sources).map_err(|e| unwritten(&file, &e))?;
        let updated = apt.get(&["update"])?;
        if !updated.status.success() {
            refusal.get_or_insert_with(|| {
                refused(&updated, &format!("{mirror} {}", wanted.suite), keyring.as_deref())
            });
            continue;
        }
        let got = apt.get(&["--yes", "--download-only", "install", "criu"])?;
        if !got.status.success() {
            return Err(refused(&got, &format!("{mirror} {}", wanted.suite), keyring.as_deref()));
        }
        return Ok(mirror);
    }
    Err(refusal.unwrap_or_else(|| {
        let what = "apt knows no mirror of Debian";
        Trouble::new(TroubleKind::Unavailable, what, "name one with --mirror URL")
    }))
}

/// A state of apt.
struct Apt {
    state: PathBuf,
    debs: PathBuf,
}

impl Apt {
    fn prepare(&self) -> io::Result<()> {
        for folder in [self.state.join("lists/partial"), self.state.join("none"), self.debs.join("partial")] {
            fs::create_dir_all(folder)?;
        }
        // Nothing is installed: so all that CRIU needs is fetched, the C library too.
        fs::write(self.state.join("status"), "")?;
        fs::write(self.settings(), SETTINGS)
    }

    fn settings(&self) -> PathBuf {
        self.state.join("settings")
    }

    fn sources(&self) -> PathBuf {
        self.state.join("kit.sources")
    }

    fn get(&self, arguments: &[&str]) -> Result<CallOutput, Trouble> {
        let mut command = apt_get();
        command.arg("-c").arg(self.settings());
        for (name, path) in [
            ("Dir::Etc::sourcelist", self.sources()),
            ("Dir::Etc::sourceparts", self.state.join("none")),
            ("Dir::Etc::preferences", self.state.join("none/preferences")),
            ("Dir::Etc::preferencesparts", self.state.join("none")),
            ("Dir::State", self.state.clone()),
            ("Dir::State::lists", self.state.join("lists")),
            ("Dir::State::status", self.state.join("status")),
            ("Dir::Cache", self.state.clone()),
            ("Dir::Cache::archives", self.debs.clone()),
            ("Dir::Log", self.state.clone()),
        ] {
            let mut option = std::ffi::OsString::from(format!("{name}="));
            option.push(path);
            command.arg("-o").arg(option);
        }
        asked(command.args(arguments))
    }
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("LC_ALL", "C");
    command
}

fn asked(command: &mut Command) -> Result<CallOutput, Trouble> {
    calls::ask(command, PATIENCE).map_err(|e| no_program("apt-get", &e))
}

/// The mirrors of Debian that the machine knows, the likeliest first. Apt itself reads its files of sources, in all their forms.
fn mirrors() -> Result<Vec<String>, Trouble> {
    let format = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)";
    let answer = asked(apt_get().args([
        "indextargets",
        "--no-release-info",
        "--format",
        format,
        "Created-By: Packages",
    ]))?;
    if !answer.status.success() {
        let what = format!("apt-get does not say which mirrors it uses: {}", answer.last_words());
        return Err(Trouble::new(TroubleKind::Unavailable, what, "name one with --mirror URL"));
    }
    Ok(likely(&answer.stdout))
}

/// Those of these lines that may be mirrors of Debian's archive: they have a component `main`, and more than updates.
fn likely(lines: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in lines.lines() {
        let mut parts = line.split('|');
        let (Some(uri), Some(release), Some("main")) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let partial = ["-security", "/updates", "-updates", "-backports", "-proposed-updates"];
        let uri = uri.trim_end_matches('/').to_owned();
        if !uri.starts_with("cdrom:")
            && !partial.iter().any(|end| release.ends_with(end))
            && !found.contains(&uri)
        {
            found.push(uri);
        }
    }
    // Others than Debian's are refused by their signatures; they are asked last all the same.
    found.sort_by_key(|uri| (!uri.ends_with("/debian"), !uri.contains("debian")));
    found
}

fn keyring(named: Option<&Path>) -> Result<Option<PathBuf>, Trouble> {
    if let Some(file) = named {
        let cure = "name a file of keys that apt can read: *.gpg, *.pgp or *.asc";
        let absolute = std::path::absolute(file).and_then(|file| fs::File::open(&file).map(|_| file));
        return absolute
            .map(Some)
            .map_err(|e| Trouble::new(TroubleKind::Other, format!("{}: {e}", file.display()), cure));
    }
    // Without one the keys that apt trusts anyway decide.
    Ok(KEYRINGS.map(PathBuf::from).into_iter().find(|file| file.is_file()))
}

fn architecture() -> Result<String, Trouble> {
    let mut command = Command::new("dpkg");
    let answer = calls::ask(command.arg("--print-architecture"), Duration::from_mins(1));
    let answer = answer.map_err(|e| no_program("dpkg", &e))?;
    Ok(answer.stdout.trim().to_owned())
}

/// What apt refused, and what to do about it.
fn refused(answer: &CallOutput, where_from: &str, keyring: Option<&Path>) -> Trouble {
    let said = format!("{}\n{}", answer.stdout, answer.stderr);
    let has = |words: &[&str]| words.iter().any(|words| said.contains(words));
    let keyring =
        keyring.map_or_else(|| "the keys that apt trusts".to_owned(), |file| file.display().to_string());
    let (what, cure) = if has(&["NO_PUBKEY", "is not signed", "GPG error", "OpenPGP signature", "EXPKEYSIG"])
    {
        (
            format!("its signature cannot be verified by {keyring}"),
            "bring the package debian-archive-keyring up to date, or name a file with the suite's keys by --keyring FILE",
        )
    } else if has(&["does not have a Release file", "404  Not Found"]) {
        (
            "there is no such suite".to_owned(),
            "name another suite with --suite, or another mirror with --mirror URL",
        )
    } else if has(&["No space left", "Disk quota exceeded", "not have enough free space"]) {
        let what = format!("{where_from}: the disk is full");
        return Trouble::new(
            TroubleKind::DiskFull,
            what,
            "make room for 70 MB, or name another folder with --to",
        );
    } else if has(&["Unable to locate package", "no installation candidate", "Couldn't find any package"]) {
        (
            "the suite has no package criu".to_owned(),
            "name another suite with --suite: trixie and sid have one",
        )
    } else if has(&[
        "Could not resolve",
        "Could not connect",
        "Temporary failure",
        "timed out",
        "Unable to connect",
        "Failed to fetch",
    ]) {
        (
            "it cannot be reached".to_owned(),
            "see that this machine has a network, and its proxy in apt's settings; else make the kit on one that has and copy its folder here, or give packages that lie here with --from DIR",
        )
    } else {
        ("apt refuses".to_owned(), ELSEWHERE)
    };
    let mut words: Vec<&str> =
        said.lines().filter(|line| line.starts_with("E: ") || line.starts_with("W: ")).collect();
    if words.is_empty() {
        words = said.lines().rev().find(|line| !line.trim().is_empty()).into_iter().collect();
    }
    words.dedup();
    Trouble::new(TroubleKind::Unavailable, format!("{where_from}: {what}\n{}", words.join("\n")), cure)
}

#[cfg(test)]
mod tests;
