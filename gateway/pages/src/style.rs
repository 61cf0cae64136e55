/// The style sheet: tokens, elements, parts, forms, tables.
pub const STYLE: &str = concat!(
    include_str!("css/tokens.css"),
    include_str!("css/base.css"),
    include_str!("css/parts.css"),
    include_str!("css/form.css"),
    include_str!("css/table.css"),
);

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// The colours of a scheme, by name.
    fn colours(scheme: &str) -> HashMap<&str, [f64; 3]> {
        let declarations = scheme
            .split([';', '{'])
            .filter_map(|part| part.trim().split_once(": #"));
        let rgb = |hex: &str| {
            [0, 2, 4].map(|at| {
                let channel = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
                if channel <= 0.04045 {
                    channel / 12.92
                } else {
                    ((channel + 0.055) / 1.055).powf(2.4)
                }
            })
        };
        declarations
            .filter(|(name, hex)| name.starts_with("--") && hex.len() == 6)
            .map(|(name, hex)| (name, rgb(hex)))
            .collect()
    }

    /// The contrast of two colours as WCAG 2 reckons it.
    fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
        let luminance = |[red, green, blue]: [f64; 3]| 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
        let (one, other) = (luminance(one), luminance(other));
        one.max(other) / one.min(other)
    }

    #[test]
    fn colours_keep_the_contrast_of_aa_in_both_schemes() {
        let tokens = include_str!("css/tokens.css");
        let (light, dark) = tokens.split_once("@media").unwrap();
        for (name, scheme) in [("light", light), ("dark", dark)] {
            let colours = colours(scheme);
            let check = |ink: &str, on: &str, least: f64| {
                let found = contrast(colours[ink], colours[on]);
                assert!(
                    found >= least,
                    "{name}: {ink} on {on} is {found:.2}, and must be {least}"
                );
            };
            for on in ["--paper", "--card", "--sunk", "--accent-soft"] {
                for ink in ["--ink", "--soft", "--link", "--bad"] {
                    check(ink, on, 4.5);
                }
            }
            for tone in ["ok", "bad", "wait", "run", "idle", "caught"] {
                check(&format!("--{tone}"), &format!("--{tone}-soft"), 4.5);
                check(&format!("--{tone}"), "--card", 4.5);
                check("--ink", &format!("--{tone}-soft"), 4.5);
                check("--soft", &format!("--{tone}-soft"), 4.5);
                check("--link", &format!("--{tone}-soft"), 4.5);
            }
            check("--accent-ink", "--accent", 4.5);
            check("--accent-ink", "--accent-deep", 4.5);
            check("--accent-deep", "--accent-soft", 4.5);
            // borders of what one types into (WCAG 1.4.11)
            for on in ["--card", "--paper"] {
                check("--edge", on, 3.0);
                check("--accent", on, 3.0);
            }
        }
    }

    #[test]
    fn it_loads_nothing_and_ends_no_element() {
        for part in ["<", "url(", "@import", "expression"] {
            assert!(!STYLE.contains(part), "{part}");
        }
        assert!(STYLE.len() < 16 * 1024, "{} bytes are in every page", STYLE.len());
    }
}
