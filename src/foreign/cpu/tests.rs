use super::*;

fn with(flags: &str) -> Processor {
    Processor { flags: flags.split(' ').map(str::to_owned).collect(), ..Processor::default() }
}

const V3: &str = "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3 avx avx2 bmi1 bmi2 f16c fma abm movbe xsave";
const V4: &str = "avx512f avx512bw avx512cd avx512dq avx512vl";

#[test]
fn classes_are_levels_without_gaps() {
    assert_eq!(with("fpu").class(), "x86-64");
    assert_eq!(with(V3).class(), "x86-64-v3");
    assert_eq!(with(&V3.replace("sse4_1 ", "")).class(), "x86-64");
    let rich = with(&format!("{V3} {V4}"));
    assert_eq!(
        (rich.class(), rich.class_of_program(true), rich.class_of_program(false)),
        ("x86-64-v4", "x86-64-v3", "x86-64-v4")
    );
}

#[test]
fn only_instructions_count_and_masked_ones_do_not() {
    let rich = with(&format!("{V3} {V4} avx512_vnni constant_tsc ibrs amx_tile avx10_2 sse4a"));
    let poor = with(V3);
    assert_eq!(rich.beyond(&poor, true), ["amx_tile", "avx10_2"]);
    assert!(rich.beyond(&poor, false).contains(&"avx512_vnni"));
    assert_eq!(poor.beyond(&rich, false), Vec::<&str>::new());
    assert_eq!(
        rich.beyond(&with(&format!("{V4} avx512_vnni amx_tile avx10_2 {}", V3.replace(" fma", ""))), true),
        ["fma"]
    );
}

#[test]
fn this_nodes_processor_is_read() {
    let here = Processor::here().unwrap();
    assert!(here.flags.contains("fpu") && !here.vendor.is_empty() && !here.name.is_empty(), "{here:?}");
    let text = ron::to_string(&here).unwrap();
    assert_eq!(ron::from_str::<Processor>(&text).unwrap(), here);
}

#[test]
fn what_the_user_has_set_stays() {
    let mut environment = BTreeMap::from([
        (
            OsString::from("GLIBC_TUNABLES"),
            OsString::from("glibc.cpu.hwcaps=-AVX2,AVX512F:glibc.malloc.check=1"),
        ),
        ("NPY_DISABLE_CPU_FEATURES".into(), "AVX2".into()),
        ("OPENBLAS_CORETYPE".into(), "Zen".into()),
    ]);
    mask_avx512(&mut environment, &with(V3));
    let value = |name: &str| environment[OsStr::new(name)].to_str().unwrap();
    assert!(value("GLIBC_TUNABLES").starts_with("glibc.malloc.check=1:glibc.cpu.hwcaps=-AVX2,-AVX512"));
    assert!(!value("GLIBC_TUNABLES").contains(",AVX512F"));
    assert_eq!(value("NPY_DISABLE_CPU_FEATURES"), format!("AVX2 {NUMPY}"));
    assert_eq!((value("OPENBLAS_CORETYPE"), value("MKL_ENABLE_INSTRUCTIONS")), ("Zen", "AVX2"));
    let once = environment.clone();
    mask_avx512(&mut environment, &with(V3));
    assert_eq!(environment, once);
    let mut old = BTreeMap::new();
    mask_avx512(&mut old, &with("sse4_2"));
    assert!(!old.contains_key(OsStr::new("OPENBLAS_CORETYPE")), "{old:?}");
}

#[test]
fn glibc_takes_the_mask_and_what_it_does_not_take_is_seen() {
    let mut environment = BTreeMap::new();
    mask_avx512(&mut environment, &Processor::here().unwrap());
    check_mask(loader(), &environment).unwrap();
    let line = |bits: &str| format!("a=1\nx86.cpu_features.features[0x1].active[0x1]={bits}\n");
    assert_ne!(active_avx512(&line("0xf1af0328")), Some(0));
    assert_eq!(active_avx512(&line("0x21ac0328")), Some(0));
    assert_eq!(active_avx512(""), None);
    let misspelt =
        BTreeMap::from([(OsString::from("GLIBC_TUNABLES"), OsString::from("glibc.cpu.hwcaps=-AVX_512F"))]);
    let taken = check_mask(loader(), &misspelt);
    // A processor without AVX-512 has nothing to mask.
    assert_eq!(taken.is_err(), Processor::here().unwrap().flags.contains("avx512f"), "{taken:?}");
    let none = check_mask(Path::new("/nonexistent/ld.so"), &environment).unwrap_err();
    assert_eq!(none.kind, TroubleKind::Unavailable);
}
