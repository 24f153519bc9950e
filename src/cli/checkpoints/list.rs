//! `alpsckpt checkpoints ls`: what chains have sealed.

use serde::Serialize;

use super::{Which, chains, is_complete, records};
use crate::checkpoint::{ChainId, Dumper, image};
use crate::cli::CliError;
use crate::cli::output::{self, AsJson, Document, Output};
use crate::quantity::{self, bytes};

/// Lists the generations: who sealed them and when, what they hold, how large they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt checkpoints ls
  alpsckpt checkpoints ls m07 --json

Exit codes: 0 listed, 66 no such campaign or chain.")]
pub(in crate::cli) struct Ls {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    _json: AsJson,
}

pub(super) fn run(args: &Ls, out: Output) -> Result<(), CliError> {
    let mut rows = Vec::new();
    for (chain, dir) in chains(&args.which)? {
        let complete = is_complete(&dir);
        for (number, record) in records(&dir)? {
            let generation = match record {
                Ok(generation) => generation,
                Err(e) => {
                    output::warning(format!("{chain}, generation {}: {e}", number.0));
                    continue;
                }
            };
            let held = generation.image.as_ref();
            rows.push(Row {
                chain: chain.clone(),
                generation: generation.number.0,
                link: generation.link.0,
                sealed: quantity::moment(generation.sealed_ms),
                holds: held.map_or("tiles", |image| by(image.by)),
                done: generation.unit.part(generation.tiles, generation.total),
                bytes: generation.bytes,
                let_go: complete && held.is_some(),
                on_disk: held.map_or(generation.bytes, |image| image::on_disk(&dir, image)),
            });
        }
    }
    out.show(&Rows(rows))
}

/// A generation, as it is listed.
#[derive(Debug, Serialize)]
struct Row {
    chain: ChainId,
    generation: u32,
    link: u32,
    sealed: String,
    holds: &'static str,
    done: String,
    bytes: u64,
    on_disk: u64,
    /// The chain is complete, and needs it no more.
    let_go: bool,
}

/// The generations of some chains.
struct Rows(Vec<Row>);

impl Document for Rows {
    fn lines(&self) -> Vec<String> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let cells: Vec<Vec<String>> = self.0.iter().map(cells).collect();
        let head = ["chain", "generation", "link", "sealed", "holds", "done", "size", ""];
        output::table(&head, &cells, &[1, 2, 6])
    }

    fn remark(&self) -> Option<&'static str> {
        self.0.is_empty().then_some("Nothing is sealed yet.")
    }

    fn json(&self) -> Result<String, CliError> {
        output::rows(&self.0)
    }
}

fn cells(row: &Row) -> Vec<String> {
    let packed = if row.let_go {
        "let go: the chain is complete".to_owned()
    } else if row.on_disk < row.bytes {
        format!("packed to {}", bytes(row.on_disk))
    } else {
        String::new()
    };
    vec![
        row.chain.to_string(),
        row.generation.to_string(),
        row.link.to_string(),
        row.sealed.clone(),
        row.holds.to_owned(),
        row.done.clone(),
        bytes(row.bytes),
        packed,
    ]
}

fn by(dumper: Dumper) -> &'static str {
    match dumper {
        Dumper::Criu => "image by CRIU",
        Dumper::Dmtcp => "image by DMTCP",
        Dumper::Program => "the program's own",
    }
}

/// A document with every field, for the page on them.
#[cfg(test)]
pub(in crate::cli) fn sample() -> serde_json::Value {
    let row = Row {
        chain: ChainId::of_months(&[7]),
        generation: 3,
        link: 2,
        sealed: quantity::moment(0),
        holds: by(Dumper::Criu),
        done: "9 of 12 tiles".to_owned(),
        bytes: 1 << 20,
        on_disk: 1 << 19,
        let_go: false,
    };
    serde_json::from_str(&Rows(vec![row]).json().unwrap()).unwrap()
}
