//! Tables of words and numbers.

use unicode_width::UnicodeWidthStr;

/// Lines of a table: columns as wide as their widest cell on a terminal, those named in `right` flushed right.
pub(in crate::cli) fn table(head: &[&str], rows: &[Vec<String>], right: &[usize]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width());
        cells.chain(head.get(column).map(|head| head.width())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(i, (cell, &width))| {
            let pad = " ".repeat(width.saturating_sub(cell.width()));
            if right.contains(&i) { pad + cell } else { cell.clone() + &pad }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head: Vec<String> = head.iter().map(|h| (*h).to_owned()).collect();
    std::iter::once(line(&head)).chain(rows.iter().map(|r| line(r))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_as_wide_as_its_cells() {
        let rows = vec![vec!["m01".into(), "7".into()], vec!["m01-m02".into(), "12".into()]];
        let lines = table(&["chain", "tiles"], &rows, &[1]);
        assert_eq!(lines, ["chain    tiles", "m01          7", "m01-m02     12"]);
    }

    #[test]
    fn a_wide_character_takes_two_columns_and_a_mark_above_a_letter_none() {
        let rows = [["山", "1"], ["E\u{301}crins", "2"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&["name", "n"], &rows, &[]), ["name    n", "山      1", "E\u{301}crins  2"]);
    }
}
