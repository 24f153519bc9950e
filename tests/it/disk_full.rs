//! A disk that is full at any moment: the link says so, and nothing sealed is lost.

use std::path::PathBuf;
use std::process::Command;

use alpsckpt::campaign::spec::Duration;
use alpsckpt::checkpoint::{ExitClass, LinkNumber, LinkResume};
use alpsckpt::durable::sealed;

use crate::support;
use crate::toy::{Site, Toy, options, undisturbed};

/// A file system in memory that goes away with it.
struct Small(PathBuf);

impl Small {
    fn mount(site: &Site, size: &str) -> Option<Self> {
        let folder = site.output();
        std::fs::create_dir_all(&folder).unwrap();
        mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], &folder).then_some(Self(folder))
    }

    fn grow(&self) {
        assert!(mount(&["-o", "remount,size=4m"], &self.0));
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(arguments: &[&str], folder: &std::path::Path) -> bool {
    Command::new("mount").args(arguments).arg(folder).status().is_ok_and(|s| s.success())
}

#[test]
fn a_full_disk_is_named_with_its_cure_and_the_sealed_generation_is_intact() {
    const TEST: &str = "a_full_disk_is_named_with_its_cure_and_the_sealed_generation_is_intact";
    let expected = undisturbed();
    let (mut while_computing, mut while_finishing) = (0, 0);
    for size in (8..150).step_by(3).map(|pages| pages * 4) {
        let site = Site::new();
        let Some(small) = Small::mount(&site, &format!("{size}k")) else {
            return support::skip(TEST, "no tmpfs can be mounted (root is needed)");
        };
        let mut options = options();
        options.spec.checkpoint_every = Duration::from_secs(0);
        let full = site.run(&Toy::new(), &options);
        if full.class == ExitClass::Complete {
            assert!(
                while_computing > 0 && while_finishing > 0,
                "{while_computing} and {while_finishing} moments"
            );
            return;
        }
        let said = &full.message;
        assert_eq!(full.class, ExitClass::DiskFull, "{size} kB: {said}");
        assert!(said.contains(&format!("file system {}", site.output().display())), "{said}");
        assert!(said.contains(" free") && said.contains("raise the quota"), "{said}");
        if said.contains("/parts/") {
            while_computing += 1;
        }
        if said.contains("/maps/") {
            while_finishing += 1;
        }
        small.grow();
        let next = site.run(&Toy::new(), &options);
        assert_eq!(next.class, ExitClass::Complete, "{size} kB: {}", next.message);
        if let Some(link) = full.link {
            let next = LinkNumber(link.0 + 1);
            let resume: LinkResume = sealed::read(&site.chain().link_resume(next)).unwrap();
            assert_eq!((resume.from, resume.rejected), (full.sealed, vec![]), "{size} kB");
        }
        assert_eq!(site.maps(), expected);
    }
    panic!("no size was enough");
}
