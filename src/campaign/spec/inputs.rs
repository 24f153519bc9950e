//! The files that a chain of a campaign reads.

use std::path::{Path, PathBuf};

use super::{Atmosphere, Cloud, Computing, Monthly, Spec};
use crate::checkpoint::Chain;
use crate::engine::Product;

impl Spec {
    /// The files that a chain reads, each with what it is to the chain (`dem`, `cloud 07`): a name that
    /// stays the same wherever the file lies.
    #[must_use]
    pub fn inputs_of(&self, chain: &Chain) -> Vec<(String, PathBuf)> {
        if let Some(command) = self.command() {
            let paths = command.inputs_of(self, chain).into_iter();
            return paths.zip(1..).map(|(path, number)| (format!("input {number}"), path)).collect();
        }
        let mut files = vec![("dem".to_owned(), self.dem.clone())];
        let temperatures = self.products_in(chain).contains(&Product::Temperature);
        files.extend(self.reference_height.iter().map(|path| ("reference_height".to_owned(), path.clone())));
        for month in chain.months.iter().copied() {
            let mut add =
                |name: &str, file: &Path| files.push((format!("{name} {month:02}"), of_month(file, month)));
            if let Cloud::Grid(file) = &self.cloud {
                add("cloud", file);
            }
            if let (Monthly::Grid(file), true) = (&self.lapse, temperatures) {
                add("lapse", file);
            }
            for (name, temperature) in self.temperature.iter().filter(|_| temperatures) {
                add(&format!("temperature {name}"), &temperature.file);
            }
            if let Atmosphere::Esra { linke: Monthly::Grid(file) } = &self.atmosphere {
                add("linke", file);
            }
        }
        files
    }

    /// The files of the months, `{month}` unresolved, each with its place in the file.
    pub(super) fn files_by_month(&self) -> Vec<(String, &Path)> {
        let temperatures = self.temperature.iter();
        let mut files: Vec<(String, &Path)> =
            temperatures.map(|(name, t)| (format!("temperature.{name}.file"), t.file.as_path())).collect();
        files.extend(self.lapse.grid().map(|path| ("lapse".to_owned(), path)));
        if let Cloud::Grid(path) = &self.cloud {
            files.push(("cloud".to_owned(), path));
        }
        if let Atmosphere::Esra { linke } = &self.atmosphere {
            files.extend(linke.grid().map(|path| ("atmosphere.linke".to_owned(), path)));
        }
        files
    }

    /// The paths of all inputs, `{month}` unresolved.
    pub(super) fn inputs_mut(&mut self) -> Vec<&mut PathBuf> {
        let mut inputs = vec![&mut self.dem];
        if let Computing::Command(command) = &mut self.workload {
            inputs.extend(command.inputs.iter_mut().chain(&mut command.folder));
        }
        inputs.extend(&mut self.reference_height);
        inputs.extend(self.temperature.values_mut().map(|t| &mut t.file));
        inputs.extend(self.lapse.grid_mut());
        if let Cloud::Grid(path) = &mut self.cloud {
            inputs.push(path);
        }
        if let Atmosphere::Esra { linke } = &mut self.atmosphere {
            inputs.extend(linke.grid_mut());
        }
        inputs
    }
}

/// The file of a month: `{month}` becomes 01 … 12.
#[must_use]
pub fn of_month(file: &Path, month: u8) -> PathBuf {
    // Only the name and folders that are text can hold the placeholder.
    file.to_str().map_or_else(|| file.to_path_buf(), |f| f.replace("{month}", &format!("{month:02}")).into())
}
