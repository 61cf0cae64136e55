//! The order in which resources can be created.

use indexmap::{IndexMap, IndexSet};

use crate::error::{Problem, Report, Reported};
use crate::expr::{Expr, Kind, SubPart};
use crate::template::Template;

/// Logical ids, each after all that it depends on; otherwise in the order of the template.
///
/// `active` tells whether a resource is created, `condition` a condition's value: a reference in a branch that is not
/// taken is no dependency.
pub(crate) fn dependency_order<'t>(
    template: &'t Template,
    active: impl Fn(&str) -> bool,
    condition: impl Fn(&str) -> bool,
    report: &Report,
) -> Result<Vec<&'t str>, Reported> {
    let mut waiting: IndexMap<&str, IndexSet<&str>> = IndexMap::new();
    for (id, resource) in &template.resources {
        if !active(id) {
            continue;
        }
        let mut found = IndexSet::new();
        found.extend(resource.depends_on.iter().map(|dependency| dependency.name.as_str()));
        for (_, value) in &resource.properties {
            collect(value, &condition, &mut found);
        }
        found.retain(|name| template.resources.contains_key(*name) && active(name));
        waiting.insert(id, found);
    }
    let mut ordered = Vec::with_capacity(waiting.len());
    let mut done: IndexSet<&str> = IndexSet::new();
    while ordered.len() < waiting.len() {
        let ready: Vec<&str> = waiting
            .iter()
            .filter(|(id, needs)| !done.contains(*id) && needs.iter().all(|need| done.contains(need)))
            .map(|(id, _)| *id)
            .collect();
        if ready.is_empty() {
            return Err(report_cycle(template, &waiting, &done, report));
        }
        done.extend(ready.iter().copied());
        ordered.extend(ready);
    }
    Ok(ordered)
}

fn collect<'t>(expr: &'t Expr, condition: &impl Fn(&str) -> bool, found: &mut IndexSet<&'t str>) {
    match &expr.kind {
        Kind::Scalar(_) => {}
        Kind::List(items) => items.iter().for_each(|item| collect(item, condition, found)),
        Kind::Map(entries) => entries.iter().for_each(|(_, value)| collect(value, condition, found)),
        Kind::Ref(name) => {
            found.insert(name);
        }
        Kind::GetAtt { resource, .. } => {
            found.insert(resource);
        }
        Kind::Sub { parts, variables } => {
            variables.iter().for_each(|(_, value)| collect(value, condition, found));
            for part in parts {
                if let SubPart::Variable(name) = part
                    && !variables.iter().any(|(key, _)| key.name == *name)
                {
                    found.insert(name.split_once('.').map_or(name.as_str(), |(resource, _)| resource));
                }
            }
        }
        Kind::If {
            condition: name,
            then,
            otherwise,
        } => {
            collect(if condition(&name.name) { then } else { otherwise }, condition, found);
        }
        Kind::Join { values, .. } => collect(values, condition, found),
        Kind::Split { source, .. } => collect(source, condition, found),
        Kind::Select { index, list } => {
            collect(index, condition, found);
            collect(list, condition, found);
        }
        Kind::FindInMap { map, first, second } => {
            collect(map, condition, found);
            collect(first, condition, found);
            collect(second, condition, found);
        }
        Kind::Base64(value) | Kind::ImportValue(value) | Kind::GetAzs(value) => collect(value, condition, found),
    }
}

/// Follows unfinished dependencies until a resource comes back; every resource left has at least one.
fn report_cycle(
    template: &Template,
    waiting: &IndexMap<&str, IndexSet<&str>>,
    done: &IndexSet<&str>,
    report: &Report,
) -> Reported {
    let mut way: IndexSet<&str> = IndexSet::new();
    let mut next = waiting.keys().copied().find(|id| !done.contains(id));
    while let Some(id) = next {
        if let Some(start) = way.get_index_of(id) {
            let mut cycle: Vec<String> = way.iter().skip(start).map(|id| (*id).to_owned()).collect();
            cycle.push(id.to_owned());
            let at = template
                .resources
                .get(id)
                .map_or(template.parameters_at, |resource| resource.at);
            return report.add(at, id, Problem::Cycle(cycle));
        }
        way.insert(id);
        next = waiting
            .get(id)
            .and_then(|needs| needs.iter().copied().find(|need| !done.contains(need)));
    }
    Reported
}
