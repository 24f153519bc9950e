//! What is said of a file that is not what it was.

use std::fs::Metadata;
use std::io;

use super::{ANEW, Misfit, Unfit};
use crate::foreign::record::Recorded;
use crate::quantity::{bytes, clean, moment};

/// What is installed on each node for itself.
pub(in crate::foreign) fn is_of_the_system(file: &Recorded) -> bool {
    let folders = ["/usr", "/lib", "/lib64", "/opt", "/bin", "/sbin", "/etc"];
    folders.iter().any(|folder| file.path.starts_with(folder))
}

/// It cannot be reached at all.
pub(in crate::foreign) fn unreachable(file: &Recorded, e: &io::Error) -> Unfit {
    if e.kind() == io::ErrorKind::NotFound {
        return says(file, "it is missing on this node");
    }
    says(file, &format!("it cannot be opened: {e}"))
}

pub(in crate::foreign) fn same_kind_and_mode(file: &Recorded, facts: &Metadata) -> Result<(), Unfit> {
    use std::os::unix::fs::MetadataExt;
    const KIND: u32 = 0o170_000;
    let (former, now) = (file.mode, facts.mode());
    if former & KIND != now & KIND {
        return Err(says(file, "something else (a folder, a link, a pipe or a device) has its name"));
    }
    if former != now {
        let mode = |mode: u32| format!("{:o}", mode & 0o7777);
        return Err(says(file, &format!("its mode is {}, and was {}", mode(now), mode(former))));
    }
    Ok(())
}

pub(in crate::foreign) fn other_size(file: &Recorded, now: u64) -> Unfit {
    let (now, former) = match (bytes(now), bytes(file.size)) {
        (a, b) if a == b => (format!("{now} bytes"), format!("{} bytes", file.size)),
        differ => differ,
    };
    says(file, &format!("it has {now}, and had {former}"))
}

pub(in crate::foreign) fn other_content(file: &Recorded) -> Unfit {
    says(file, "its content is another one, at the same length")
}

pub(in crate::foreign) fn other_time(file: &Recorded, now: i64) -> Unfit {
    let [now, former] = [now, file.modified].map(|ns| moment(ns / 1_000_000));
    says(
        file,
        &format!(
            "it was written at {now}, and before at {former}: whether its content is the same cannot be told"
        ),
    )
}

/// What is said of a file, with what can be done about it.
pub(in crate::foreign) fn says(file: &Recorded, what: &str) -> Unfit {
    let path = clean(&file.path.to_string_lossy());
    let local = ["/tmp", "/var/tmp", "/dev/shm", "/run"].iter().find(|folder| file.path.starts_with(folder));
    let put_back = "put it back as it was (from a copy, with its time: cp -p)";
    let mut cure = if is_of_the_system(file) {
        "use nodes with the same software as the one that the program was dumped on".to_owned()
    } else if file.is_written() {
        format!("the program's own output was changed from outside: {put_back}")
    } else {
        put_back.to_owned()
    };
    if let Some(folder) = local {
        cure += &format!(
            ", or go on where it is ({folder} is one of each node: what is kept elsewhere is on all of them)"
        );
    }
    Unfit::new(Misfit::File, format!("{path}: {what}"), format!("{cure}, or {ANEW}"))
}
