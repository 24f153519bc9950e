//! Months, chains, jobs, hours, bytes; pure: the same spec and facts give the same plan.

use serde::{Deserialize, Serialize};

use crate::campaign::spec::{MonthsPerChain, Spec};
use crate::checkpoint::ChainId;

/// What the inputs and a measurement say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Cells of the region.
    pub cells: u64,
    /// Work tiles of the region.
    pub tiles: u64,
    /// Edge of a work tile, cells: the spec's, else the largest that a job's memory allows.
    pub tile: u32,
    /// Bytes of memory that a job takes at most.
    pub memory_bytes: u64,
    /// Maps of one month.
    pub maps_per_month: u32,
    /// Maps of the campaign that belong to no month (the sky view factor).
    pub maps_once: u32,
    /// Nanoseconds of one core for the horizons and the sky view of a cell: once a chain.
    pub horizon_ns: f64,
    /// Nanoseconds of one core for one month of a cell.
    pub month_ns: f64,
    /// Bytes of a cell in a finished map, compression and overviews counted in.
    pub bytes_per_cell: f64,
    /// Cores of a job.
    pub threads: u32,
}

/// A map's overviews have a quarter of its cells, a sixteenth, and so on.
pub const WITH_OVERVIEWS: f64 = 4.0 / 3.0;

/// Bytes of a cell in a finished map that no compression made smaller.
#[must_use]
pub fn most_bytes_per_cell(spec: &Spec) -> f64 {
    WITH_OVERVIEWS * spec.storage.most_bytes(spec.compression) as f64
}

/// What a campaign will take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The months, in order.
    pub months: Vec<u8>,
    /// Cells of the region.
    pub cells: u64,
    /// Tiles of each chain.
    pub tiles: u64,
    /// Edge of a tile, cells.
    pub tile: u32,
    /// Bytes of memory that a job takes at most.
    pub memory_bytes: u64,
    /// Cores of a job.
    pub threads: u32,
    /// Seconds of computing in one job: walltime - margin.
    pub usable_seconds: u64,
    /// The chains of the split that the campaign file asks for.
    pub split: Split,
    /// The same with one month a chain, the original's split.
    pub by_month: Split,
    /// The same with the planner's split.
    pub auto: Split,
    /// Finished maps.
    pub maps: u64,
    /// Bytes of the finished maps.
    pub map_bytes: u64,
    /// Most bytes of checkpoints at a time: each chain's parts are kept until its maps are verified.
    pub checkpoint_bytes: u64,
}

/// One way to share the months among chains.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Split {
    /// Months a chain, at most.
    pub months_per_chain: u32,
    /// Its chains.
    pub chains: Vec<ChainPlan>,
    /// Jobs of all chains.
    pub jobs: u64,
    /// Hours until the end when all chains run at once: the longest chain's.
    pub hours: f64,
    /// Core-hours of all chains.
    pub core_hours: f64,
}

/// One chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChainPlan {
    /// Its name.
    pub id: ChainId,
    /// Its months.
    pub months: Vec<u8>,
    /// Its jobs, one after another.
    pub jobs: u64,
    /// Hours of computing on its threads.
    pub hours: f64,
}

/// The plan of a campaign.
#[must_use]
pub fn plan(spec: &Spec, facts: &Facts) -> Plan {
    let auto = auto_months_per_chain(spec, facts);
    let asked = match spec.months_per_chain {
        MonthsPerChain::Count(n) => n,
        MonthsPerChain::Auto => auto,
    };
    let months = spec.sorted_months().len() as u64;
    let maps = months * u64::from(facts.maps_per_month) + u64::from(facts.maps_once);
    let map_bytes = (maps as f64 * facts.cells as f64 * facts.bytes_per_cell) as u64;
    Plan {
        months: spec.sorted_months(),
        cells: facts.cells,
        tiles: facts.tiles,
        tile: facts.tile,
        memory_bytes: facts.memory_bytes,
        threads: facts.threads,
        usable_seconds: usable_seconds(spec),
        split: split(spec, facts, asked),
        by_month: split(spec, facts, 1),
        auto: split(spec, facts, auto),
        maps,
        map_bytes,
        checkpoint_bytes: map_bytes,
    }
}

/// The spec with `Auto` and an open work tile replaced by the planner's numbers, as a campaign must have it.
#[must_use]
pub fn settle(spec: &Spec, facts: &Facts) -> Spec {
    let mut settled = spec.clone();
    if spec.command().is_some() {
        return settled;
    }
    if spec.months_per_chain == MonthsPerChain::Auto {
        settled.months_per_chain = MonthsPerChain::Count(auto_months_per_chain(spec, facts));
    }
    settled.tile.get_or_insert(facts.tile);
    settled
}

/// Months a chain: as many as one walltime holds when the horizons, computed once a chain, cost more than a month
/// does; else one. Chains come out even: 12 months in fives make 4 + 4 + 4.
#[must_use]
pub fn auto_months_per_chain(spec: &Spec, facts: &Facts) -> u32 {
    let months = spec.months.len().max(1) as u32;
    if facts.horizon_ns <= facts.month_ns {
        return 1;
    }
    let fits = |n: u32| chain_seconds(facts, n) <= usable_seconds(spec) as f64;
    let most = (1..=months).rev().find(|n| fits(*n)).unwrap_or(1);
    months.div_ceil(months.div_ceil(most))
}

fn usable_seconds(spec: &Spec) -> u64 {
    spec.walltime.seconds().saturating_sub(spec.margin.seconds()).max(1)
}

/// Seconds of a chain of so many months on its threads.
fn chain_seconds(facts: &Facts, months: u32) -> f64 {
    let per_cell = facts.horizon_ns + f64::from(months) * facts.month_ns;
    facts.cells as f64 * per_cell * 1e-9 / f64::from(facts.threads.max(1))
}

fn split(spec: &Spec, facts: &Facts, months_per_chain: u32) -> Split {
    let counted = Spec { months_per_chain: MonthsPerChain::Count(months_per_chain), ..spec.clone() };
    let chains: Vec<ChainPlan> = counted
        .chains()
        .into_iter()
        .map(|chain| {
            let seconds = chain_seconds(facts, chain.months.len() as u32);
            ChainPlan {
                id: chain.id,
                months: chain.months,
                jobs: (seconds / usable_seconds(spec) as f64).ceil().max(1.0) as u64,
                hours: seconds / 3600.0,
            }
        })
        .collect();
    Split {
        months_per_chain,
        jobs: chains.iter().map(|c| c.jobs).sum(),
        hours: chains.iter().map(|c| c.hours).fold(0.0, f64::max),
        core_hours: chains.iter().map(|c| c.hours).sum::<f64>() * f64::from(facts.threads.max(1)),
        chains,
    }
}

/// Facts of a small region, for tests.
#[cfg(test)]
pub(crate) fn facts() -> Facts {
    Facts {
        cells: 1_000_000,
        tiles: 4,
        tile: 512,
        memory_bytes: 1_000_000_000,
        maps_per_month: 4,
        maps_once: 1,
        horizon_ns: 3_600_000.0,
        month_ns: 1_800_000.0,
        bytes_per_cell: 2.0,
        threads: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::spec;

    fn twelve_months(walltime: &str) -> Spec {
        let text = spec::template().replace("\"48:00:00\"", &format!("\"{walltime}\""));
        spec::parse(std::path::Path::new("/x/a.ron"), &text).unwrap().spec
    }

    #[test]
    fn jobs_hours_and_bytes_add_up() {
        // A month: 1e6 cells x (3.6 + 1.8) ms = 5400 s = 1.5 h; a job computes for 1 h - 0.5 h.
        let plan = plan(&twelve_months("01:00:00"), &facts());
        assert_eq!(
            (plan.by_month.chains.len(), plan.by_month.chains[0].jobs, plan.by_month.jobs),
            (12, 3, 36)
        );
        assert!((plan.by_month.hours - 1.5).abs() < 1e-9);
        assert!((plan.by_month.core_hours - 18.0).abs() < 1e-9);
        assert_eq!((plan.maps, plan.map_bytes), (49, 98_000_000));
        assert_eq!(plan.split, plan.by_month);
    }

    #[test]
    fn auto_groups_months_where_horizons_dominate_and_a_walltime_holds_them() {
        // n months: 1 h + n x 0.5 h. Walltime 4.5 h - 0.5 h holds 6.
        assert_eq!(auto_months_per_chain(&twelve_months("04:30:00"), &facts()), 6);
        // 3.6 h hold 5, which come out even as 4 + 4 + 4.
        assert_eq!(auto_months_per_chain(&twelve_months("04:06:00"), &facts()), 4);
        assert_eq!(auto_months_per_chain(&twelve_months("01:00:00"), &facts()), 1);
        assert_eq!(auto_months_per_chain(&twelve_months("48:00:00"), &facts()), 12);
        let months_dominate = Facts { horizon_ns: 1.0, ..facts() };
        assert_eq!(auto_months_per_chain(&twelve_months("48:00:00"), &months_dominate), 1);
    }

    #[test]
    fn grouping_saves_core_hours_and_both_splits_are_told() {
        let mut spec = twelve_months("48:00:00");
        spec.months_per_chain = MonthsPerChain::Auto;
        let plan = plan(&spec, &facts());
        assert_eq!((plan.auto.jobs, plan.by_month.jobs), (1, 12));
        assert!(plan.auto.core_hours < plan.by_month.core_hours);
        assert_eq!(plan.split, plan.auto);
        let settled = settle(&spec, &facts());
        assert_eq!(settled.months_per_chain, MonthsPerChain::Count(12));
        assert_eq!((settled.chains().len(), settled.tile), (1, Some(512)));
        let own = Spec { tile: Some(64), ..spec };
        assert_eq!(settle(&own, &facts()).tile, Some(64), "what the file says stays");
        assert!(serde_json::to_string(&plan).unwrap().contains("\"core_hours\""));
    }
}
