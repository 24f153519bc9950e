//! Programs of this machine on the hosts, which have another Debian and few packages: laid on the shared disk, with the libraries
//! that they need and the hosts lack.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::place::{Place, done};

/// A program as the hosts have it.
pub(crate) struct Carried {
    /// Its path.
    pub(crate) program: String,
    /// What it needs to find its own.
    pub(crate) environment: BTreeMap<&'static str, String>,
}

/// SAGA with the one tool that is used.
pub(crate) fn saga(place: &Place) -> Carried {
    let (inside, to) = folder(place, "saga");
    let tool = Path::new("/usr/lib/x86_64-linux-gnu/saga/libta_lighting.so");
    let program = Path::new("/usr/bin/saga_cmd");
    copy(program, &to.join("saga_cmd"));
    copy(tool, &to.join("tools/libta_lighting.so"));
    libraries(place, &[program.into(), tool.into()], &to);
    Carried {
        program: format!("{inside}/saga_cmd"),
        environment: BTreeMap::from([
            ("LD_LIBRARY_PATH", format!("{inside}/libraries")),
            ("SAGA_TLB", format!("{inside}/tools")),
        ]),
    }
}

/// R with the packages that it comes with.
pub(crate) fn r(place: &Place) -> Carried {
    let (inside, to) = folder(place, "r");
    let home = Command::new("R").arg("RHOME").output().unwrap().stdout;
    let home = PathBuf::from(String::from_utf8(home).unwrap().trim());
    let there = to.join("R");
    copy(&home, &there);
    // It knows its folder by heart.
    let script = there.join("bin/R");
    let text = fs::read_to_string(&script).unwrap();
    let (from, into) = (format!("R_HOME_DIR={}\n", home.display()), format!("R_HOME_DIR={inside}/R\n"));
    assert!(text.contains(&from), "{text}");
    fs::write(&script, text.replacen(&from, &into, 1)).unwrap();
    let packages = ["methods", "utils", "grDevices", "graphics", "stats", "parallel", "tools"];
    let mut parts = vec![home.join("bin/exec/R"), home.join("modules/internet.so")];
    parts.extend(packages.map(|name| home.join(format!("library/{name}/libs/{name}.so"))));
    libraries(place, &parts, &to);
    Carried {
        program: format!("{inside}/R/bin/Rscript"),
        environment: BTreeMap::from([
            ("LD_LIBRARY_PATH", format!("{inside}/libraries")),
            ("RHOME", format!("{inside}/R")),
        ]),
    }
}

/// Debian's Python with numpy.
pub(crate) fn python(place: &Place) -> Carried {
    let (inside, to) = folder(place, "python");
    let program = fs::canonicalize("/usr/bin/python3").unwrap();
    let version = program.file_name().unwrap();
    copy(&program, &to.join("bin/python3"));
    copy(&Path::new("/usr/lib").join(version), &to.join("lib").join(version));
    let numpy = "lib/python3/dist-packages/numpy";
    copy(&Path::new("/usr").join(numpy), &to.join(numpy));
    let mut parts = vec![program];
    parts.extend(shared_objects(&to.join("lib")));
    libraries(place, &parts, &to);
    Carried {
        program: format!("{inside}/bin/python3"),
        environment: BTreeMap::from([
            ("LD_LIBRARY_PATH", format!("{inside}/libraries")),
            ("OPENBLAS_NUM_THREADS", "1".to_owned()),
            ("PYTHONHOME", inside),
        ]),
    }
}

/// A new folder for one of them, as the hosts and as this machine see it.
fn folder(place: &Place, name: &str) -> (String, PathBuf) {
    let inside = format!("/shared/carried/{name}");
    let to = place.outside(&inside);
    let _ = fs::remove_dir_all(&to);
    fs::create_dir_all(&to).unwrap();
    (inside, to)
}

/// A file or a folder, with what its links lead to.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    done(Command::new("cp").arg("-rLT").args([from, to]));
    done(Command::new("chmod").args(["-R", "a+rX"]).arg(to));
}

fn shared_objects(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(shared_objects(&path));
        } else if path.extension() == Some(OsStr::new("so")) {
            found.push(path);
        }
    }
    found
}

/// Lays the libraries of these programs and libraries in the folder `libraries`, but for those that the hosts have themselves:
/// theirs are newer.
fn libraries(place: &Place, parts: &[PathBuf], to: &Path) {
    let known = place.cluster.admin(&["ldconfig", "-p"]);
    let known: BTreeSet<&str> =
        known.good().stdout.lines().filter_map(|l| l.split_whitespace().next()).collect();
    let listed = Command::new("ldd").args(parts).output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    let needed: BTreeSet<(&str, &str)> = listed
        .lines()
        .filter_map(|line| line.trim().split_once(" => "))
        .filter_map(|(name, path)| Some((name, path.split_whitespace().next()?)))
        .filter(|(name, _)| !known.contains(name))
        .collect();
    for (name, path) in needed {
        assert!(path.starts_with('/'), "{name} is not found on this machine");
        copy(Path::new(path), &to.join("libraries").join(name));
    }
}
