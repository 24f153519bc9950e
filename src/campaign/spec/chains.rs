//! The chains of a campaign, and what each makes.

use super::{MonthsPerChain, Spec};
use crate::checkpoint::{Chain, ChainWork};
use crate::clusters;
use crate::engine::Product;

impl Spec {
    /// How long before the walltime a job stops by itself at the latest, scheduler seconds.
    #[must_use]
    pub fn latest_stop(&self) -> f64 {
        let margin = self.margin.seconds() as f64;
        margin - clusters::latest_signal().min(margin / 2.0)
    }

    /// The chains, in the order of the calendar.
    ///
    /// [`MonthsPerChain::Auto`] is settled by the planner ([`crate::prepare::plan::settle`]) when a campaign is made;
    /// where it still stands, each month is a chain.
    #[must_use]
    pub fn chains(&self) -> Vec<Chain> {
        let each = match self.months_per_chain {
            MonthsPerChain::Count(n) => (n as usize).max(1),
            MonthsPerChain::Auto => 1,
        };
        self.sorted_months()
            .chunks(each)
            // Where only the sky view can be made, the first chain is all there is.
            .filter(|months| self.command().is_some() || !self.products_of(months).is_empty())
            .map(|months| self.chain_of(months))
            .collect()
    }

    /// The chain of these months, as this campaign has it.
    #[must_use]
    pub fn chain_of(&self, months: &[u8]) -> Chain {
        let products = self.products_of(months).into_iter().map(|product| format!("{product:?}"));
        match self.command() {
            Some(_) => Chain::of_months(months, Vec::new(), ChainWork::Program),
            None => Chain::of_months(months, products.collect(), ChainWork::Tiles),
        }
    }

    /// The products of a chain, by its record.
    #[must_use]
    pub fn products_in(&self, chain: &Chain) -> Vec<Product> {
        let made = |product: &Product| chain.products.contains(&format!("{product:?}"));
        self.products.iter().copied().filter(made).collect()
    }

    /// Something is left to the planner: how many months share a chain, or the edge of a work tile.
    #[must_use]
    pub fn leaves_open(&self) -> bool {
        self.command().is_none() && (self.months_per_chain == MonthsPerChain::Auto || self.tile.is_none())
    }

    /// The months in the order of the calendar.
    #[must_use]
    pub fn sorted_months(&self) -> Vec<u8> {
        let mut months = self.months.clone();
        months.sort_unstable();
        months.dedup();
        months
    }

    /// The month whose chain makes the sky view: the one that the file says, else the first.
    fn month_of_sky_view(&self) -> Option<u8> {
        self.sky_view_month.or_else(|| self.months.iter().min().copied())
    }

    /// The products of the chain with these months: the sky view goes with one month only, temperatures only where there is a
    /// coarse one.
    #[must_use]
    pub fn products_of(&self, months: &[u8]) -> Vec<Product> {
        let with_sky = self.month_of_sky_view().is_some_and(|m| months.contains(&m));
        let made = |product: &Product| match product {
            Product::SkyView => with_sky,
            Product::Temperature => !self.temperature.is_empty(),
            _ => true,
        };
        self.products.iter().copied().filter(made).collect()
    }

    /// The spec with what it leaves open as it was settled in the campaign that was begun by `begun`.
    #[must_use]
    pub fn settled_as(&self, begun: &Self) -> Self {
        let mut settled = self.clone();
        if self.command().is_some() {
            return settled;
        }
        if settled.months_per_chain == MonthsPerChain::Auto {
            settled.months_per_chain = begun.months_per_chain;
        }
        settled.tile = settled.tile.or(begun.tile);
        if settled.sky_view_month.is_none() {
            let before = begun.month_of_sky_view().filter(|month| settled.months.contains(month));
            // Written only where it says something: specs frozen before there was the field keep their hash.
            let same = begun.sky_view_month.is_none() && before == settled.month_of_sky_view();
            settled.sky_view_month = before.filter(|_| !same);
        }
        settled
    }
}
