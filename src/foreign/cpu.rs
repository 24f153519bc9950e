//! The instructions that a node's processor has, and programs that are kept from those that others lack.
//!
//! A program looks at the processor when it starts, and keeps to what it found: restored on one without these instructions it is
//! killed by the system. What CRIU itself compares is nothing by default, or too much: decision 128.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use super::{Trouble, TroubleKind};

/// A node's processor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Processor {
    /// Such as `AuthenticAMD`.
    pub vendor: String,
    /// The number of its family.
    pub family: u32,
    /// The number of its model.
    pub model: u32,
    /// Its name, as it is sold.
    pub name: String,
    /// Its flags, as the system names them.
    pub flags: BTreeSet<String>,
}

/// Flags that a program can see by running an instruction, beside those whose names begin with [`FAMILIES`].
const INSTRUCTIONS: &[&str] = &[
    "3dnow",
    "3dnowext",
    "abm",
    "adx",
    "aes",
    "clflush",
    "clflushopt",
    "cmov",
    "cx16",
    "cx8",
    "f16c",
    "fpu",
    "fsgsbase",
    "fxsr",
    "gfni",
    "lahf_lm",
    "mmx",
    "mmxext",
    "movbe",
    "pclmulqdq",
    "pni",
    "popcnt",
    "rdpid",
    "rdrand",
    "rdseed",
    "rdtscp",
    "rtm",
    "ssse3",
    "tbm",
    "vaes",
    "vpclmulqdq",
    "xop",
    "xsave",
    "xsavec",
    "xsaveopt",
    "xgetbv1",
];

/// No compiler and no library chooses it by itself, and the processors of one vendor alone have it.
const NEVER_CHOSEN: &str = "sse4a";

/// Beginnings of the names of instruction sets: also of those to come.
const FAMILIES: &[&str] = &["amx_", "apx", "avx", "bmi", "fma", "sha", "sm3", "sm4", "sse"];

/// What the levels of x86-64 ask for, each beside the one below.
const LEVELS: [(&str, &[&str]); 3] = [
    ("x86-64-v2", &["cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"]),
    ("x86-64-v3", &["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"]),
    ("x86-64-v4", &["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]),
];

impl Processor {
    /// This node's.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn here() -> std::io::Result<Self> {
        let text = String::from_utf8_lossy(&std::fs::read("/proc/cpuinfo")?).into_owned();
        Ok(Self::of(&text))
    }

    /// Of the first processor in `/proc/cpuinfo`.
    fn of(text: &str) -> Self {
        let first = text.split("\n\n").next().unwrap_or_default();
        let value = |name: &str| {
            let of = |line: &str| {
                line.split_once(':')
                    .filter(|(key, _)| key.trim() == name)
                    .map(|(_, value)| value.trim().to_owned())
            };
            first.lines().find_map(of).unwrap_or_default()
        };
        Self {
            vendor: value("vendor_id"),
            family: value("cpu family").parse().unwrap_or(0),
            model: value("model").parse().unwrap_or(0),
            name: value("model name"),
            flags: value("flags").split_ascii_whitespace().map(str::to_owned).collect(),
        }
    }

    /// The highest level of x86-64 that it has, such as `x86-64-v3`.
    #[must_use]
    pub fn class(&self) -> &'static str {
        let has = |(_, flags): &&(&str, &[&str])| flags.iter().all(|flag| self.flags.contains(*flag));
        LEVELS.iter().take_while(has).last().map_or("x86-64", |(name, _)| name)
    }

    /// The class of a program that was started here, with AVX-512 masked or not.
    #[must_use]
    pub fn class_of_program(&self, masked: bool) -> &'static str {
        match self.class() {
            "x86-64-v4" if masked => "x86-64-v3",
            class => class,
        }
    }

    /// The instructions that it has and the other lacks; those of AVX-512 do not count where the program was kept from them.
    #[must_use]
    pub fn beyond(&self, other: &Self, masked: bool) -> Vec<&str> {
        let counts = |flag: &&str| {
            let known = INSTRUCTIONS.contains(flag) || FAMILIES.iter().any(|family| flag.starts_with(family));
            known && *flag != NEVER_CHOSEN && !(masked && flag.starts_with("avx512"))
        };
        self.flags
            .iter()
            .filter(|flag| !other.flags.contains(*flag))
            .map(String::as_str)
            .filter(counts)
            .collect()
    }
}

/// Parts of AVX-512 that glibc can mask. What needs one of these and another that cannot be masked is masked with it.
const MASKED: &str = "-AVX512F,-AVX512VL,-AVX512BW,-AVX512DQ,-AVX512CD,-AVX512ER,-AVX512PF";

/// Names of all versions of numpy; those that one does not know it leaves aside.
const NUMPY: &str =
    "AVX512F AVX512CD AVX512_KNL AVX512_KNM AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4";

/// For libraries that choose by their own variables, where the processor has AVX2: `OpenBLAS`, Intel's MKL, oneDNN.
const FOR_AVX2: [(&str, &str); 3] =
    [("OPENBLAS_CORETYPE", "Haswell"), ("MKL_ENABLE_INSTRUCTIONS", "AVX2"), ("ONEDNN_MAX_CPU_ISA", "AVX2")];

/// Keeps a program that is yet to be started from AVX-512, by its environment: glibc and what asks it, numpy, and libraries of
/// linear algebra.
///
/// What the user has set for glibc and numpy stays, and this is added; what is set for the others stays alone. Programs that ask the
/// processor themselves are not kept from anything. No more is masked: without FMA the functions of glibc have other results.
pub fn mask_avx512(environment: &mut BTreeMap<OsString, OsString>, processor: &Processor) {
    let tunables = environment.entry("GLIBC_TUNABLES".into()).or_default();
    *tunables = tunables_with_mask(tunables);
    let numpy = environment.entry("NPY_DISABLE_CPU_FEATURES".into()).or_default();
    let missing =
        NUMPY.split(' ').filter(|name| !words(numpy).any(|word| word == name.as_bytes())).collect::<Vec<_>>();
    for name in missing {
        if !numpy.is_empty() {
            numpy.push(" ");
        }
        numpy.push(name);
    }
    if processor.flags.contains("avx2") {
        for (name, value) in FOR_AVX2 {
            environment.entry(name.into()).or_insert_with(|| value.into());
        }
    }
}

fn words(text: &OsStr) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().split(|b| b" ,\t".contains(b))
}

/// The value of `GLIBC_TUNABLES` with the mask in it: `name=value:name=value`.
fn tunables_with_mask(tunables: &OsStr) -> OsString {
    const NAME: &[u8] = b"glibc.cpu.hwcaps=";
    let mut parts: Vec<Vec<u8>> = Vec::new();
    let mut mask: Vec<Vec<u8>> = Vec::new();
    for part in tunables.as_bytes().split(|b| *b == b':').filter(|part| !part.is_empty()) {
        match part.strip_prefix(NAME) {
            Some(own) => {
                mask.extend(own.split(|b| *b == b',').filter(|name| !name.is_empty()).map(<[u8]>::to_vec));
            }
            None => parts.push(part.to_vec()),
        }
    }
    let own: BTreeSet<&str> = MASKED.split(',').collect();
    mask.retain(|name| !own.iter().any(|ours| name == ours.as_bytes() || name == &ours.as_bytes()[1..]));
    mask.extend(own.iter().map(|name| name.as_bytes().to_vec()));
    let mut hwcaps = NAME.to_vec();
    hwcaps.extend(mask.join(&b','));
    parts.push(hwcaps);
    OsString::from_vec(parts.join(&b':'))
}

/// The loader of programs on this node, which looks at the processor for them.
#[must_use]
pub fn loader() -> &'static Path {
    Path::new("/lib64/ld-linux-x86-64.so.2")
}

/// Whether the loader really keeps programs of this environment from AVX-512: unknown names in `GLIBC_TUNABLES` say nothing.
///
/// # Errors
/// When the mask is not taken, or that cannot be seen.
pub fn check_mask(loader: &Path, environment: &BTreeMap<OsString, OsString>) -> Result<(), Trouble> {
    let cure = "leave AVX-512 unmasked, and have all jobs of a chain on processors of one class (a property of the site's nodes)";
    let trouble = |what: String| Trouble::new(TroubleKind::Unavailable, what, cure);
    let mut command = Command::new(loader);
    command.arg("--list-diagnostics").stdin(Stdio::null()).env_clear();
    command.envs(environment.get(OsStr::new("GLIBC_TUNABLES")).map(|tunables| ("GLIBC_TUNABLES", tunables)));
    let output =
        command.output().map_err(|e| trouble(format!("{}: cannot be run: {e}", loader.display())))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match active_avx512(&text) {
        Some(0) => Ok(()),
        Some(_) => Err(trouble("the node's glibc does not take the mask of AVX-512 (GLIBC_TUNABLES)".into())),
        None => Err(trouble(
            "the node's glibc does not tell whether it takes the mask of AVX-512 (it is older than 2.33)"
                .into(),
        )),
    }
}

/// The bits of AVX-512 in the second word of leaf 7 of CPUID that glibc uses.
fn active_avx512(diagnostics: &str) -> Option<u32> {
    const OURS: u32 = 1 << 16 | 1 << 17 | 1 << 26 | 1 << 27 | 1 << 28 | 1 << 30 | 1 << 31;
    let line = |text: &str| ["active", "usable"].iter().find_map(|word| bits_of(text, word));
    line(diagnostics).map(|bits| bits & OURS)
}

fn bits_of(text: &str, word: &str) -> Option<u32> {
    let name = format!("x86.cpu_features.features[0x1].{word}[0x1]=0x");
    let digits = text.lines().find_map(|line| line.strip_prefix(name.as_str()))?;
    u32::from_str_radix(digits.trim(), 16).ok()
}

#[cfg(test)]
mod tests;
