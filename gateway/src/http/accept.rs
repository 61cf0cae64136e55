/// The representation of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Representation {
    /// For programs.
    Json,
    /// For browsers.
    Html,
}

/// Chooses by the `Accept` header (RFC 9110, section 12.5.1). JSON unless HTML is wanted more, or named where JSON is
/// only covered by a wildcard; never a refusal.
pub fn negotiate(accept: Option<&str>) -> Representation {
    let Some(accept) = accept else {
        return Representation::Json;
    };
    let json = preference(accept, "application", &["json", "problem+json"]);
    let html = preference(accept, "text", &["html"]);
    if html > json {
        Representation::Html
    } else {
        Representation::Json
    }
}

/// The preference for a type: its quality in thousandths, and how exactly it is named. The most exact range counts.
fn preference(accept: &str, kind: &str, subtypes: &[&str]) -> (u16, u8) {
    let ranges = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let (main, sub) = parts.next()?.split_once('/')?;
        let exactness = match (main, sub) {
            ("*", "*") => 1,
            (main, "*") if main.eq_ignore_ascii_case(kind) => 2,
            (main, sub)
                if main.eq_ignore_ascii_case(kind) && subtypes.iter().any(|known| sub.eq_ignore_ascii_case(known)) =>
            {
                3
            }
            _ => return None,
        };
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let quality = quality.map_or(1.0, |text| text.parse::<f32>().unwrap_or(0.0).clamp(0.0, 1.0));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 1000"
        )]
        let thousandths = (quality * 1000.0) as u16;
        Some((exactness, thousandths))
    });
    let (exactness, quality) = ranges.max().unwrap_or((0, 0));
    if quality == 0 { (0, 0) } else { (quality, exactness) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accept: &str, expected: Representation) {
        assert_eq!(negotiate(Some(accept)), expected, "{accept}");
    }

    #[test]
    fn a_browser_gets_a_page_and_a_program_json() {
        assert_eq!(negotiate(None), Representation::Json);
        check("", Representation::Json);
        check("*/*", Representation::Json);
        check("application/json", Representation::Json);
        check("text/html", Representation::Html);
        check(
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            Representation::Html,
        );
        check("text/html, */*", Representation::Html);
        check("text/*, application/json;q=0.5", Representation::Html);
        check(
            "TEXT/HTML;level=1;q=0.7, application/problem+json;q=0.8",
            Representation::Json,
        );
        check("text/html;q=0, */*", Representation::Json);
        check("text/html, application/json", Representation::Json);
        check("image/png", Representation::Json);
        check("text/html;q=x", Representation::Json);
        check("rubbish;;,/,", Representation::Json);
    }
}
