//! A campaign of ours, submitted and followed by the program itself, and OAR's commands for it on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use alpsckpt::batch::Token;
use alpsckpt::campaign::controller::{Connect, Controller, Reach};
use alpsckpt::oar_client::{Limits, Oar};

use crate::cluster::{Cluster, FIRST_JOB, run};
use crate::{LINKS, Outcome};

const PROGRAM: &str = env!("CARGO_BIN_EXE_alpsckpt");

/// The campaign, and a folder with commands that run OAR's on the login node.
pub(crate) struct Campaign {
    folder: tempfile::TempDir,
}

impl Campaign {
    /// Submits twelve months, each an attempt of its own.
    pub(crate) fn submit(cluster: &Cluster) -> Outcome<Self> {
        let folder = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
        let campaign = Self { folder };
        let dem = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/alps256/dem.tif");
        campaign.write(
            "load.ron",
            &format!(
                "(version: 1, name: \"Load\", output: \"output\", dem: \"{}\", year: 2018, tile: 64,
                 months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], products: [SkyView, Total],
                 walltime: \"02:00:00\", margin: \"00:10:00\")",
                dem.display()
            ),
        )?;
        fs::create_dir(campaign.commands()).map_err(|e| format!("no folder for commands: {e}"))?;
        for name in ["oarstat", "oarnodes", "true"] {
            let exec = cluster.words("exec").join("' '");
            let script = format!(
                "echo {name} >>'{}'\nexec '{exec}' alice@front {name} \"$@\"",
                campaign.log("asked").display()
            );
            campaign.command(name, &script)?;
        }
        // It takes every job and does nothing: its rows are made when they are measured.
        let taken = campaign.log("taken").display().to_string();
        let script = format!(
            "echo \"$2\" >>'{taken}'\necho OAR_JOB_ID=$(({FIRST_JOB} + {LINKS} * ($(wc -l <'{taken}') - 1)))"
        );
        campaign.command("oarsub", &script)?;
        let mut submit = campaign.program();
        submit.args(["submit", "load.ron", "--cluster", "oar"]);
        run(submit, "")?;
        Ok(campaign)
    }

    fn commands(&self) -> PathBuf {
        self.folder.path().join("commands")
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> Outcome<()> {
        fs::write(self.log(name), text).map_err(|e| format!("{name}: {e}"))
    }

    fn command(&self, name: &str, body: &str) -> Outcome<()> {
        let path = std::env::var("PATH").unwrap_or_default();
        self.write("script", &format!("#!/bin/sh\nPATH='{path}'\n{body}\n"))?;
        let mut install = Command::new("install");
        install.args(["-m", "755"]).args([self.log("script"), self.commands().join(name)]);
        run(install, "").map(drop)
    }

    /// The program, with these commands, and nothing of this user's campaigns.
    fn program(&self) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(PROGRAM);
        command
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", self.commands().display()))
            .env("ALPSCKPT_STATE", self.log("state"));
        command
    }

    /// The names of the attempts.
    pub(crate) fn tokens(&self) -> Outcome<Vec<Token>> {
        let text =
            fs::read_to_string(self.log("taken")).map_err(|e| format!("nothing was submitted: {e}"))?;
        let tokens: Vec<Token> = text.lines().map(|line| Token(line.to_owned())).collect();
        if tokens.len() == 12 { Ok(tokens) } else { Err(format!("{} attempts are not twelve", tokens.len())) }
    }

    /// A new client, with no memory of earlier answers.
    pub(crate) fn client(&self) -> Oar {
        Oar::with(&self.commands(), Limits::default())
    }

    /// What a command of OAR costs that asks nothing, and one that does nothing, s.
    pub(crate) fn cost_alone(&self, repeat: u32) -> Outcome<(f64, f64)> {
        let of = |words: &[&str]| median(repeat, || self.ask(words).map(drop));
        Ok((of(&["oarstat", "--version"])?, of(&["true"])?))
    }

    /// One command, as the client runs it.
    pub(crate) fn ask(&self, words: &[&str]) -> Outcome<String> {
        let (name, arguments) = words.split_first().ok_or("no command")?;
        let mut command = Command::new(self.commands().join(name));
        command.args(arguments);
        run(command, "")
    }

    /// Follows the campaign as the screen does.
    pub(crate) fn follow(&self) -> Outcome<Follower<'_>> {
        let commands = self.commands();
        let connect: Connect = Box::new(move |_| Ok(Box::new(Oar::with(&commands, Limits::default()))));
        let reach = Reach { connect, ..Reach::default() };
        let controller = Controller::open_with(&self.log("output"), reach).map_err(|e| e.to_string())?;
        Ok(Follower { campaign: self, controller })
    }
}

/// A session on the campaign.
pub(crate) struct Follower<'c> {
    campaign: &'c Campaign,
    controller: Controller,
}

impl Follower<'_> {
    /// How many of OAR's commands it runs in so many seconds, in which it looks each second.
    pub(crate) fn commands_in(&mut self, time: Duration) -> Outcome<usize> {
        let log = self.campaign.log("asked");
        let asked = || fs::read_to_string(&log).unwrap_or_default().lines().count();
        let (before, began) = (asked(), Instant::now());
        let last: Vec<_> = (1..=12).map(|attempt| Some((FIRST_JOB + LINKS * attempt - 1) as u64)).collect();
        while began.elapsed() < time {
            let snapshot = self.controller.refresh().map_err(|e| e.to_string())?;
            if let Some(error) = snapshot.cluster.error {
                return Err(format!("the batch system does not answer: {error}"));
            }
            let jobs: Vec<_> = snapshot.chains.iter().map(|c| c.job.as_ref().map(|job| job.id)).collect();
            if jobs != last {
                return Err(format!("{jobs:?} are not the attempts' last jobs"));
            }
            std::thread::sleep(Duration::from_secs(1));
        }
        Ok(asked() - before)
    }
}

/// The median of the times of so many calls, s.
pub(crate) fn median(repeat: u32, mut call: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let mut times = Vec::new();
    for _ in 0..repeat {
        let began = Instant::now();
        call()?;
        times.push(began.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().ok_or_else(|| "nothing was timed".to_owned())
}
