//! The integration tests: one program, so that they link once.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod attacks;
mod bad_inputs;
mod campaign;
mod chains;
mod checkpoint;
mod cli;
mod cluster;
mod commands;
mod crash;
mod cures;
mod cuts;
mod damage;
mod demo;
mod disk_full;
mod dmtcp;
mod doctor;
mod ecrins;
mod engine;
mod engine_chain;
mod every_cell;
mod exit_codes;
mod fencing;
mod foreign;
mod former;
mod forms;
mod geotiff;
mod golden;
mod grass;
mod house;
mod inputs;
mod job;
mod kit;
mod land;
mod meant;
mod memory;
mod neighbours;
mod no_cluster;
#[path = "../oracle/mod.rs"]
mod oracle;
mod outputs;
mod physics;
mod prepare;
mod programs;
mod pty;
mod reference;
mod scene;
mod scripts;
mod second_scheduler;
mod support;
mod systems;
mod terminal;
mod time;
mod toy;
mod ui_tmux;
