//! Finds the place in a JSON text that a path such as `/States/Name/Field` leads to.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde_json::value::RawValue;

/// Line and column, both from 1, of the value at `location`; of the innermost one that is there if a member is missing.
pub(super) fn position(text: &str, location: &str) -> Option<(usize, usize)> {
    let mut at: &RawValue = serde_json::from_str(text).ok()?;
    let mut rest = location.strip_prefix('/')?;
    while !rest.is_empty() {
        let Some((inner, behind)) = step(at, rest) else { break };
        (at, rest) = (inner, behind);
    }
    let offset = (at.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let before = text.get(..offset)?;
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some((line, column))
}

/// The member or item that the beginning of `path` names, and what of the path is behind it. A name may hold slashes itself,
/// which no location escapes: the longest member that fits is meant.
fn step<'t, 'p>(value: &'t RawValue, path: &'p str) -> Option<(&'t RawValue, &'p str)> {
    if let Ok(members) = serde_json::from_str::<IndexMap<Cow<'t, str>, &'t RawValue>>(value.get()) {
        let fitting = members.iter().filter_map(|(name, inner)| {
            let rest = path.strip_prefix(&**name)?;
            let behind = if rest.is_empty() {
                rest
            } else {
                rest.strip_prefix('/').or(rest.starts_with('[').then_some(rest))?
            };
            Some((name.len(), *inner, behind))
        });
        return fitting
            .max_by_key(|(length, _, _)| *length)
            .map(|(_, inner, behind)| (inner, behind));
    }
    let items: Vec<&'t RawValue> = serde_json::from_str(value.get()).ok()?;
    let path = path.strip_prefix('[').unwrap_or(path);
    let end = path.find(|c: char| !c.is_ascii_digit()).unwrap_or(path.len());
    let index: usize = path.get(..end)?.parse().ok()?;
    let behind = path.get(end..)?.trim_start_matches(']');
    Some((items.get(index)?, behind.strip_prefix('/').unwrap_or(behind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_leads_to_a_place() {
        let text = "{\"a\": {\n \"b/c\": [1,\n  {\"d\": 2}], \"é\": 3}}";
        for (location, expected) in [
            ("/", Some((1, 1))),
            ("/a", Some((1, 7))),
            ("/a/b/c", Some((2, 9))),
            ("/a/b/c[1]/d", Some((3, 9))),
            ("/a/b/c/1/d", Some((3, 9))),
            ("/a/é", Some((3, 19))),
            ("/a/missing", Some((1, 7))),
            ("a", None),
        ] {
            assert_eq!(position(text, location), expected, "{location}");
        }
        assert_eq!(position("no json", "/a"), None);
    }
}
