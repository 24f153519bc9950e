//! The table, and what is asked.

use std::fmt::{Display, Formatter};

use alpsckpt::batch::BatchSystem;
use alpsckpt::oar_client::Oar;
use serde::Serialize;

use crate::campaign::{Campaign, median};
use crate::cluster::Cluster;
use crate::load::{self, Load};
use crate::{Args, Outcome, SETTLED};

/// What a refresh may take, s.
const BOUND: f64 = 2.0;

/// What was measured with so many jobs in the database.
#[derive(Debug, Serialize)]
pub(crate) struct Stage {
    name: &'static str,
    ours: usize,
    others: usize,
    /// Medians, s: the client's lookup of its attempts, its nodes, both together as a campaign's refresh.
    find: f64,
    /// The lookup by a client that has seen what is over.
    later: f64,
    nodes: f64,
    refresh: f64,
    /// `oarstat -f -J`: every job of everybody that has not ended.
    unfiltered: f64,
    unfiltered_jobs: usize,
    /// Of one refresh.
    load: Load,
}

impl Stage {
    pub(crate) fn measure(
        name: &'static str,
        cluster: &Cluster,
        campaign: &Campaign,
        ours: usize,
        others: usize,
        repeat: u32,
    ) -> Outcome<Self> {
        let tokens = campaign.tokens()?;
        let find_by = |client: &mut Oar| {
            let jobs = client.find(&tokens).map_err(|e| e.to_string())?;
            let right = jobs.len() == ours && jobs.iter().all(|j| tokens.iter().any(|t| t.0 == j.name));
            if right { Ok(()) } else { Err(format!("{} jobs were found, not our {ours}", jobs.len())) }
        };
        let find = || find_by(&mut campaign.client());
        let mut resident = campaign.client();
        find_by(&mut resident)?;
        std::thread::sleep(SETTLED);
        let later = median(repeat, || find_by(&mut resident))?;
        let nodes = || match campaign.client().nodes().map_err(|e| e.to_string())?.len() {
            3 => Ok(()),
            other => Err(format!("{other} nodes, not 3")),
        };
        let refresh = || find().and_then(|()| nodes());
        let mut listed = String::new();
        let mut unfiltered = || campaign.ask(&["oarstat", "-f", "-J"]).map(|text| listed = text);
        let unfiltered_time = median(repeat, &mut unfiltered)?;
        let times = (median(repeat, find)?, median(repeat, nodes)?);
        let load = load::watch(cluster, 0, || (0..repeat).try_for_each(|_| refresh()).map(|()| 0))?;
        let one = |all: f64| all / f64::from(repeat);
        Ok(Self {
            name,
            ours,
            others,
            find: times.0,
            later,
            nodes: times.1,
            refresh: median(repeat, refresh)?,
            unfiltered: unfiltered_time,
            unfiltered_jobs: listed.matches("\"Job_Id\"").count(),
            load: Load {
                seconds: one(load.seconds),
                commands: 2,
                statements: load.statements / u64::from(repeat),
                front: one(load.front),
                postgres: one(load.postgres),
            },
        })
    }
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    alpsckpt: &'static str,
    oar: String,
    processor: String,
    cores: usize,
    repeat: u32,
    stages: Vec<Stage>,
    /// `oarstat --version`, and a command that does nothing, on the login node, s.
    oarstat_alone: f64,
    exec_alone: f64,
    idle: Load,
    followed: Load,
    holds: bool,
}

impl Report {
    pub(crate) fn new(
        oar: &str,
        args: &Args,
        stages: Vec<Stage>,
        alone: (f64, f64),
        idle: Load,
        followed: Load,
    ) -> Self {
        let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        Self {
            alpsckpt: env!("CARGO_PKG_VERSION"),
            oar: oar.to_owned(),
            processor: name.map_or_else(|| "unknown processor".into(), |(_, name)| name.trim().to_owned()),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            repeat: args.repeat,
            holds: stages.iter().all(|stage| stage.refresh <= BOUND),
            stages,
            oarstat_alone: alone.0,
            exec_alone: alone.1,
            idle,
            followed,
        }
    }

    pub(crate) fn holds(&self) -> bool {
        self.holds
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { alpsckpt, oar, processor, cores, repeat, .. } = self;
        writeln!(f, "alpsckpt {alpsckpt} on {oar}; {cores} cores of {processor}; medians of {repeat}\n")?;
        let mut line = |what: &str, cell: &dyn Fn(&Stage) -> String| {
            let cells: Vec<String> = self.stages.iter().map(|stage| format!("{:>8}", cell(stage))).collect();
            writeln!(f, "{what:44}{}", cells.join(""))
        };
        line("jobs in the database", &|s| s.name.to_owned())?;
        line("  of the campaign", &|s| s.ours.to_string())?;
        line("  of others", &|s| s.others.to_string())?;
        line("one refresh, s", &|s| format!("{:.2}", s.refresh))?;
        line("  its jobs (oarstat)", &|s| format!("{:.2}", s.find))?;
        line("    by a client that has seen them before", &|s| format!("{:.2}", s.later))?;
        line("  the nodes (oarnodes)", &|s| format!("{:.2}", s.nodes))?;
        line("  the login node's cores, s", &|s| format!("{:.2}", s.load.front))?;
        line("    of it PostgreSQL", &|s| format!("{:.2}", s.load.postgres))?;
        line("  SQL statements", &|s| s.load.statements.to_string())?;
        line("oarstat without a filter, s", &|s| format!("{:.2}", s.unfiltered))?;
        line("  jobs that it lists", &|s| s.unfiltered_jobs.to_string())?;
        line("  beside the lookup of ours", &|s| format!("{:.1} x", s.unfiltered / s.find))?;
        writeln!(
            f,
            "\noarstat --version {:.2} s, a command that does nothing {:.2} s: in all times above\n",
            self.oarstat_alone, self.exec_alone
        )?;
        let minute = |load: &Load, value: f64| value * 60.0 / load.seconds;
        writeln!(f, "{:44}{:>10}{:>10}", "the login node in a minute", "idle", "followed")?;
        let mut line = |what: &str, value: &dyn Fn(&Load) -> f64, digits: usize| {
            let cells =
                [&self.idle, &self.followed].map(|load| format!("{:>10.digits$}", minute(load, value(load))));
            writeln!(f, "{what:44}{}", cells.join(""))
        };
        line("commands of OAR", &|l| l.commands as f64, 1)?;
        line("SQL statements", &|l| l.statements as f64, 0)?;
        line("cores, s", &|l| l.front, 2)?;
        line("  of it PostgreSQL", &|l| l.postgres, 2)?;
        let verdict = if self.holds { "holds" } else { "BROKEN" };
        writeln!(f, "\nA refresh is asked to take at most {BOUND} s: {verdict}")
    }
}
