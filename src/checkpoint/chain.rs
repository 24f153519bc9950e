//! What a chain is: `chain.ron`, written when the campaign is made, before anything of the chain is submitted. Its name says
//! nothing of it.

use serde::{Deserialize, Serialize};

use super::form::{self, FORM, Formed};
use crate::durable::{DurableError, atomic, sealed};
use crate::layout::{ChainDir, ChainId};

/// A chain: its name, and what it makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Its name.
    pub id: ChainId,
    /// Its months (1 to 12), in order, each once.
    pub months: Vec<u8>,
    /// Its year, where the campaign has several: it stands in the names of its maps then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i32>,
    /// Its scenario, where the campaign has several: lower-case letters, digits and dashes, a letter first. It stands in the
    /// names of its maps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// The names of its products, in the order of the campaign's file; none of a program.
    pub products: Vec<String>,
    /// What its links run.
    pub work: ChainWork,
}

/// What the links of a chain run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChainWork {
    /// The engine, tile by tile.
    Tiles,
    /// A program of its own, as the campaign's file says.
    Program,
}

/// The longest name of a scenario, characters: it is a part of other names.
const LONGEST_SCENARIO: usize = 32;

/// `chain.ron`.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Record")]
struct Record {
    /// The form that it was written in.
    form: u32,
    /// The version of the program that wrote it.
    written_by: String,
    chain: Chain,
}

impl Formed for Record {
    fn form(&self) -> u32 {
        self.form
    }

    fn written_by(&self) -> &str {
        &self.written_by
    }
}

impl Chain {
    /// The chain that makes these products of these months, named by them.
    #[must_use]
    pub fn of_months(months: &[u8], products: Vec<String>, work: ChainWork) -> Self {
        let (id, months) = (ChainId::of_months(months), months.to_vec());
        Self { id, months, year: None, scenario: None, products, work }
    }

    /// The same in a year and under a scenario, named by these as well.
    ///
    /// # Errors
    /// In words: the year or the scenario cannot stand in the name of a file.
    pub fn in_year(self, year: Option<i32>, scenario: Option<&str>) -> Result<Self, String> {
        let mut chain = Self { year, scenario: scenario.map(str::to_owned), ..self };
        chain.sound()?;
        let label = chain.label();
        chain.id = ChainId::parse(&label).ok_or_else(|| format!("{label:?} is no name of a chain"))?;
        Ok(chain)
    }

    /// What people call it: its months, and its year and scenario if it has them, such as `m07` or `m07-2031-rcp85`.
    #[must_use]
    pub fn label(&self) -> String {
        let months = ChainId::of_months(&self.months);
        match self.tag() {
            tag if tag.is_empty() => months.to_string(),
            tag => format!("{months}-{tag}"),
        }
    }

    /// What tells its maps from those of the same months of other chains: `2031`, `rcp85`, `2031-rcp85`; empty where months say
    /// all.
    #[must_use]
    pub fn tag(&self) -> String {
        let year = self.year.map(|year| format!("{year:04}"));
        year.into_iter().chain(self.scenario.clone()).collect::<Vec<_>>().join("-")
    }

    /// Whether a person means this chain by `text`.
    #[must_use]
    pub fn is_called(&self, text: &str) -> bool {
        self.id.as_str() == text || self.label() == text
    }

    /// Reads the record in a chain's folder.
    ///
    /// # Errors
    /// When it is missing, damaged, another chain's, or of a form that this program does not know.
    pub fn read(dir: &ChainDir, id: &ChainId) -> Result<Self, DurableError> {
        let path = dir.record();
        let Record { chain, .. } = form::read(&path)?;
        if chain.id != *id {
            return Err(DurableError::damaged(&path, format!("it is the record of the chain {}", chain.id)));
        }
        chain.sound().map_err(|why| DurableError::damaged(&path, why))?;
        Ok(chain)
    }

    /// Writes the record into the chain's folder, durably.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, dir: &ChainDir) -> Result<(), DurableError> {
        atomic::create_folder(dir.path())?;
        let written_by = env!("CARGO_PKG_VERSION").to_owned();
        sealed::replace(&dir.record(), &Record { form: FORM, written_by, chain: self.clone() })
    }

    /// Why no campaign has such a chain, in words.
    fn sound(&self) -> Result<(), String> {
        let in_order = self.months.windows(2).all(|two| two[0] < two[1]);
        if self.months.is_empty() || !in_order || !self.months.iter().all(|m| (1..=12).contains(m)) {
            return Err(format!("months {:?}: expected are some of 1 to 12, in order", self.months));
        }
        if let Some(year) = self.year.filter(|year| !(1..=9999).contains(year)) {
            return Err(format!("year {year}: expected is one of 1 to 9999"));
        }
        match &self.scenario {
            Some(scenario) if !is_scenario(scenario) => Err(format!(
                "scenario {scenario:?}: expected are up to {LONGEST_SCENARIO} lower-case letters, digits and dashes, a letter \
                 first, and nothing that is also the name of a month or of a kind of maps (m01, flat)"
            )),
            _ => Ok(()),
        }
    }
}

/// Whether a scenario's name can stand in the names of maps, and be told there from their other parts.
fn is_scenario(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let like_a_month =
        name.len() == 3 && name.starts_with('m') && name[1..].bytes().all(|b| b.is_ascii_digit());
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(plain)
        && name.len() <= LONGEST_SCENARIO
        && !like_a_month
        && name != "flat"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::CampaignDir;

    fn july() -> Chain {
        Chain::of_months(&[7], vec!["Total".to_owned()], ChainWork::Tiles)
    }

    #[test]
    fn a_chain_is_called_by_its_months_and_by_what_else_tells_it_apart() {
        assert_eq!(
            (july().id.as_str(), july().label(), july().tag()),
            ("m07", "m07".to_owned(), String::new())
        );
        let label = |year, scenario| july().in_year(year, scenario).unwrap().label();
        assert_eq!(label(Some(2031), None), "m07-2031");
        assert_eq!(label(None, Some("rcp85")), "m07-rcp85");
        assert_eq!(label(Some(2031), Some("rcp85")), "m07-2031-rcp85");
        // However it is named, people know it by what it is.
        let opaque = Chain { id: ChainId::parse("c0042").unwrap(), ..july() };
        assert!(opaque.is_called("m07") && opaque.is_called("c0042") && !opaque.is_called("m08"));
        for wrong in ["", "RCP85", "8.5", "m07", "flat", "85", "a_b", &"a".repeat(33)] {
            assert!(july().in_year(None, Some(wrong)).is_err(), "{wrong:?}");
        }
        assert!(july().in_year(Some(0), None).is_err());
    }

    #[test]
    fn a_record_is_read_back_and_one_of_another_chain_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let campaign = CampaignDir::new(folder.path());
        let chain = july().in_year(Some(2031), Some("rcp85")).unwrap();
        let dir = campaign.chain(&chain.id);
        assert!(Chain::read(&dir, &chain.id).unwrap_err().is_missing());
        chain.write(&dir).unwrap();
        assert_eq!(Chain::read(&dir, &chain.id).unwrap(), chain);
        let text = std::fs::read_to_string(dir.record()).unwrap();
        for said in ["form: 3", "m07-2031-rcp85", "7,\n", "2031", "rcp85", "Total", "Tiles"] {
            assert!(text.contains(said), "{said}: {text}");
        }

        let other = campaign.chain(&july().id);
        atomic::create_folder(other.path()).unwrap();
        std::fs::copy(dir.record(), other.record()).unwrap();
        let wrong = Chain::read(&other, &july().id).unwrap_err();
        assert!(matches!(&wrong, DurableError::Damaged { .. }), "{wrong:?}");
        assert!(wrong.to_string().contains("it is the record of the chain m07-2031-rcp85"), "{wrong}");
        std::fs::write(dir.record(), text.replace("7,\n", "8,\n")).unwrap();
        assert!(matches!(Chain::read(&dir, &chain.id), Err(DurableError::Damaged { .. })));
    }

    #[test]
    fn a_record_of_a_later_form_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let dir = CampaignDir::new(folder.path()).chain(&july().id);
        atomic::create_folder(dir.path()).unwrap();
        let record = Record { form: FORM + 1, written_by: "99.0.0".to_owned(), chain: july() };
        sealed::replace(&dir.record(), &record).unwrap();
        let refused = Chain::read(&dir, &july().id).unwrap_err();
        assert!(matches!(&refused, DurableError::UnknownForm { .. }), "{refused:?}");
        assert!(refused.to_string().contains("use alpsckpt 99.0.0 or newer"), "{refused}");
    }

    #[test]
    fn impossible_months_are_damage() {
        let folder = tempfile::tempdir().unwrap();
        let dir = CampaignDir::new(folder.path()).chain(&july().id);
        for months in [vec![], vec![0], vec![13], vec![7, 6], vec![7, 7]] {
            Chain { months, ..july() }.write(&dir).unwrap();
            assert!(matches!(Chain::read(&dir, &july().id), Err(DurableError::Damaged { .. })));
        }
    }
}
