//! Text for a terminal: tables as wide as it is, strangers' text without control characters, times and durations.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use chrono::{DateTime, SecondsFormat};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The narrowest that a column becomes.
const NARROWEST: usize = 8;

/// Prints to standard output, in colour where it is a terminal. Nobody may be reading: then that is no fault.
pub(crate) fn say(text: &str) {
    let _ = anstream::stdout().write_all(text.as_bytes());
}

/// The columns of the terminal that standard output is; none if it is a file or a pipe.
pub(crate) fn width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let (columns, _) = terminal_size::terminal_size()?;
    Some(usize::from(columns.0))
}

/// Strangers' text on one line: what could move the cursor, change colours or turn the direction is a visible escape.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            c if is_hidden(c) => {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Text of several lines, each as [`plain`] makes it.
pub(crate) fn plain_lines(text: &str) -> String {
    let lines: Vec<Cow<'_, str>> = text.lines().map(plain).collect();
    lines.join("\n")
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The text cut to so many columns, with an ellipsis where something is left out.
pub(crate) fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let mut taken = 0;
    let fits = text
        .char_indices()
        .take_while(|(_, c)| {
            taken += c.width().unwrap_or(0);
            taken < columns
        })
        .last()
        .map_or(0, |(at, c)| at + c.len_utf8());
    Cow::Owned(format!("{}…", &text[..fits]))
}

/// The sense of a word, which gives its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tone {
    #[default]
    Neutral,
    Good,
    Attention,
    Bad,
    Faint,
}

impl Tone {
    /// The tone of an execution's status.
    pub(crate) fn of_status(status: &str) -> Self {
        match status {
            "SUCCEEDED" => Self::Good,
            "FAILED" | "TIMED_OUT" | "ABORTED" => Self::Bad,
            "PENDING_REDRIVE" => Self::Attention,
            _ => Self::Neutral,
        }
    }

    /// The text in its colour.
    pub(crate) fn paint(self, text: &str) -> String {
        let style = match self {
            Self::Neutral => return text.to_owned(),
            Self::Good => Style::new().fg_color(Some(AnsiColor::Green.into())),
            Self::Attention => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
            Self::Bad => Style::new().fg_color(Some(AnsiColor::Red.into())),
            Self::Faint => Style::new().dimmed(),
        };
        format!("{style}{text}{style:#}")
    }
}

/// A cell of a table.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// Strangers' text.
    pub(crate) fn of(text: &str) -> Self {
        Self::toned(text, Tone::Neutral)
    }

    pub(crate) fn toned(text: &str, tone: Tone) -> Self {
        Self {
            text: plain(text).into_owned(),
            tone,
        }
    }
}

/// A table whose columns are as wide as what they hold. Where the terminal is narrower, those of long texts give way, the widest
/// first.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<Cell>>,
    /// The first column that gives way, and all after it.
    elastic: usize,
}

impl Table {
    /// A table in which the columns from `elastic` on give way.
    pub(crate) fn new(headings: &[&str], elastic: usize) -> Self {
        let headings = headings.iter().map(|text| Cell::toned(text, Tone::Faint));
        Self {
            rows: vec![headings.collect()],
            elastic,
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The lines of the table within `columns`; as wide as it is without them.
    pub(crate) fn render(&self, columns: Option<usize>) -> String {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..count).map(|column| self.widest(column)).collect();
        if let Some(columns) = columns {
            let gaps = 2 * count.saturating_sub(1);
            let (rigid, elastic) = widths.split_at_mut(self.elastic.min(count));
            narrow(elastic, columns.saturating_sub(gaps + rigid.iter().sum::<usize>()));
        }
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let shown = cut(&cell.text, *width);
                line += &cell.tone.paint(&shown);
                if index + 1 < row.len() {
                    line += &" ".repeat(width.saturating_sub(shown.width()) + 2);
                }
            }
            text += line.trim_end();
            text.push('\n');
        }
        text
    }

    fn widest(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.text.width()).max().unwrap_or(0)
    }
}

/// Takes from the widest columns until their sum is at most `room`, or all are as narrow as they become.
fn narrow(widths: &mut [usize], room: usize) {
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => return,
        }
    }
}

/// `2026-12-01 12:00:03Z`
pub(crate) fn time(at_ms: i64) -> String {
    let Some(at) = DateTime::from_timestamp_millis(at_ms) else {
        return "never".to_owned();
    };
    at.to_rfc3339_opts(SecondsFormat::Secs, true).replace('T', " ")
}

/// `12:00:03`, of a time in UTC.
pub(crate) fn time_of_day(at_ms: i64) -> String {
    time(at_ms).get(11..19).unwrap_or_default().to_owned()
}

/// `340 ms`, `12.3 s`, `4 min 5 s`, `3 h 20 min`, `6 d 4 h`
pub(crate) fn duration(ms: i64) -> String {
    let ms = ms.max(0);
    let (seconds, minutes, hours, days) = (ms / 1_000, ms / 60_000, ms / 3_600_000, ms / 86_400_000);
    match () {
        () if ms < 1_000 => format!("{ms} ms"),
        () if seconds < 60 => format!("{seconds}.{} s", ms % 1_000 / 100),
        () if minutes < 60 => format!("{minutes} min {} s", seconds % 60),
        () if hours < 24 => format!("{hours} h {} min", minutes % 60),
        () => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_text_moves_nothing() {
        for (text, expected) in [
            ("Zoë 李", "Zoë 李"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\nb\tc\r", "a\\nb\\tc\\u{d}"),
            ("\u{202e}abc\u{200b}", "\\u{202e}abc\\u{200b}"),
        ] {
            assert_eq!(plain(text), expected);
        }
        assert_eq!(plain_lines("a\n\u{7}b"), "a\n\\u{7}b");
    }

    #[test]
    fn a_text_is_cut_to_columns() {
        for (text, columns, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("李李李", 4, "李…"),
            ("李李", 4, "李李"),
            ("abc", 1, "…"),
        ] {
            assert_eq!(cut(text, columns), expected, "{text} {columns}");
            assert!(cut(text, columns).width() <= columns);
        }
    }

    #[test]
    fn a_table_fits_the_terminal() {
        let mut table = Table::new(&["ID", "Name", "Status"], 1);
        table.row(vec![
            Cell::of("0198f2"),
            Cell::of("李 a very long name indeed"),
            Cell::of("stored"),
        ]);
        table.row(vec![Cell::of("1"), Cell::of("x\u{1b}"), Cell::of("waiting")]);
        let strip = |text: &str| anstream::adapter::strip_str(text).to_string();
        assert_eq!(
            strip(&table.render(None)),
            "ID      Name                        Status\n0198f2  李 a very long name indeed  stored\n1       x\\u{1b}                     waiting\n"
        );
        for columns in [30, 34, 40, 80] {
            for line in strip(&table.render(Some(columns))).lines() {
                assert!(line.width() <= columns, "{columns}: {line:?}");
            }
        }
        assert!(
            strip(&table.render(Some(34))).contains("0198f2  李 a very long n…"),
            "{}",
            table.render(Some(34))
        );
    }

    #[test]
    fn durations_have_two_units() {
        for (ms, expected) in [
            (-5, "0 ms"),
            (999, "999 ms"),
            (12_345, "12.3 s"),
            (245_000, "4 min 5 s"),
            (12_000_000, "3 h 20 min"),
            (532_800_000, "6 d 4 h"),
        ] {
            assert_eq!(duration(ms), expected);
        }
        assert_eq!(time(1_764_590_403_000), "2025-12-01 12:00:03Z");
        assert_eq!(time_of_day(1_764_590_403_000), "12:00:03");
    }
}
