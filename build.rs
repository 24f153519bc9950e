//! Compiles the one part that is no Rust: a library that is preloaded into programs which cannot save themselves.

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let source = "src/foreign/semaphores/preload.c";
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={source}");
    let library = PathBuf::from(std::env::var("OUT_DIR")?).join("semaphores.so");
    let compiler =
        cc::Build::new().opt_level(2).pic(true).warnings(true).extra_warnings(true).try_get_compiler()?;
    let mut command = compiler.to_command();
    command
        .args(["-shared", "-Werror", "-Wl,--build-id=none", "-s", "-o"])
        .arg(library)
        .arg(source)
        .arg("-lpthread");
    let status = command
        .status()
        .map_err(|e| format!("{}: {e}: a C compiler is needed (gcc)", compiler.path().display()))?;
    if !status.success() {
        return Err(format!("{source}: the C compiler failed ({status})").into());
    }
    Ok(())
}
