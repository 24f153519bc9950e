//! Faults are told where they are, with the nearest that is known.

use super::*;

#[test]
fn an_unknown_field_is_named_with_its_line_and_the_nearest_known_name() {
    let error = only(&with("    wall_time: \"02:00:00\","));
    assert_eq!(error.line, Some(10));
    assert!(error.what.contains("`wall_time`") && error.cure.contains("`walltime`"), "{error}");
    let error = only(&FULL.replace("unit: Celsius", "unti: Celsius"));
    assert_eq!(error.line, Some(4));
    assert!(error.what.contains("`unti`") && error.cure.contains("`unit`"), "{error}");
    let error = only(&FULL.replace("xmin:", "xmni:"));
    assert_eq!(error.line, Some(2));
    assert!(error.cure.contains("`xmin`"), "{error}");
}

#[test]
fn an_unknown_word_is_named_with_the_words_there_are() {
    let error = only(&with("    mode: AsSga,"));
    assert_eq!((error.line, error.cure.as_str()), (Some(10), "did you mean `AsSaga`?"));
    let error = only(&FULL.replace("unit: Celsius", "unit: Fahrenheit"));
    assert_eq!(error.line, Some(4));
    assert!(error.cure.contains("DeciCelsius"), "{error}");
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_file() {
    let text = r#"(
    version: 0,
    name: "",
    otput: "out",
    dem: 7,
    months: [1, 13, 1],
    year: 2018,
    lapse: Constant(-0.0065),
    walltime: "00:05:00",
    margin: "00:10:00",
    tile: 100,
    walltme: "x",
)"#;
    let found: Vec<(Option<usize>, String)> = errors(text).into_iter().map(|e| (e.line, e.what)).collect();
    let lines: Vec<Option<usize>> = found.iter().map(|(line, _)| *line).collect();
    let expected = [0, 2, 3, 4, 5, 6, 6, 8, 9, 11, 12];
    assert_eq!(lines, expected.map(|l| (l > 0).then_some(l)), "{found:#?}");
    assert!(found[0].1.contains("`output` is missing"), "{found:#?}");
}
