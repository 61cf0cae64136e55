use maud::{Markup, html};

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column<'a> {
    /// Its heading, which stands before each value where the screen is narrow.
    pub name: &'a str,
    /// True for numbers: at the right, digits below digits.
    pub is_number: bool,
}

impl<'a> Column<'a> {
    /// A column of text.
    pub const fn text(name: &'a str) -> Self {
        Column { name, is_number: false }
    }

    /// A column of numbers.
    pub const fn number(name: &'a str) -> Self {
        Column { name, is_number: true }
    }
}

/// A table whose rows become cards where the screen is narrow. The first cell of a row is its heading, and holds the
/// link that `j` and `k` go to.
///
/// The roles are written out because a browser forgets them for a table that is laid out otherwise.
pub fn table(caption: &str, columns: &[Column<'_>], rows: impl IntoIterator<Item = Vec<Markup>>) -> Markup {
    html! {
        div.scroll {
            table.stack role="table" {
                caption { (caption) }
                thead role="rowgroup" {
                    tr role="row" {
                        @for column in columns {
                            th.num[column.is_number] role="columnheader" scope="col" { (column.name) }
                        }
                    }
                }
                tbody role="rowgroup" {
                    @for cells in rows {
                        tr role="row" data-row {
                            @for (at, (column, cell)) in columns.iter().zip(cells).enumerate() {
                                @if at == 0 {
                                    th role="rowheader" scope="row" { (cell) }
                                } @else {
                                    td.num[column.is_number] role="cell" data-label=(column.name) { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cell_says_its_column() {
        let rows = [vec![html! { a href="/1" { "one" } }, html! { "1 <2" }]];
        let written = table("Rows", &[Column::text("Name"), Column::number("Count")], rows).into_string();
        for part in [
            "<caption>Rows</caption>",
            "<th class=\"num\" role=\"columnheader\" scope=\"col\">Count</th>",
            "<tr role=\"row\" data-row><th role=\"rowheader\" scope=\"row\"><a href=\"/1\">one</a></th>",
            "<td class=\"num\" role=\"cell\" data-label=\"Count\">1 &lt;2</td>",
        ] {
            assert!(written.contains(part), "{part:?} is not in {written}");
        }
    }
}
