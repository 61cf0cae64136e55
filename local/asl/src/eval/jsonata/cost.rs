//! The most that an evaluation costs, as far as the expression's text tells.
//!
//! A [`Bound`] is `factor * n^degree`, where `n` is the size of what the expression reads: the bytes of its JSON text,
//! roughly. What is bounded are values as they are written out (a value that holds another twice counts it twice) and the
//! work, in visits of such bytes. Nothing that can repeat, share or multiply values by a number that is not in the text
//! has a bound: functions of one's own, bindings, ranges, regular expressions, transforms, pictures, `**`, joins. So is
//! whatever nobody has looked at.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::value::with_stack;

use super::analysis::Analysis;

/// The most that a bound's factor may be for the expression to count as linear.
const MAX_FACTOR: f64 = 10_000.0;

/// The most work that is done in process where the size of the data decides: about a millisecond.
const MAX_WORK: f64 = 1_000_000.0;

/// The bound of a number, a boolean or a date.
const SCALAR: Bound = Bound::constant(40.0);

/// The factor by which a text may be longer than its characters: a control character becomes `\u0000`.
const ESCAPED: f64 = 6.0;

/// `factor * n^degree`, for an `n` of at least 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bound {
    factor: f64,
    degree: u32,
}

impl Bound {
    /// The size of what is read.
    const READ: Self = Self { factor: 1.0, degree: 1 };

    const fn constant(factor: f64) -> Self {
        Self { factor, degree: 0 }
    }

    /// Tells whether it grows no faster than the data that is read, and by a factor that does not matter.
    pub(super) fn is_linear(self) -> bool {
        self.degree <= 1 && self.factor <= MAX_FACTOR
    }

    /// Tells whether it is little enough for data of this size.
    pub(super) fn is_little(self, size: usize) -> bool {
        let work = self.factor * (size.max(1) as f64).powi(i32::try_from(self.degree).unwrap_or(i32::MAX));
        work <= MAX_WORK
    }

    fn plus(self, other: Self) -> Self {
        Self {
            factor: self.factor + other.factor,
            degree: self.degree.max(other.degree),
        }
    }

    fn times(self, other: Self) -> Self {
        Self {
            factor: self.factor * other.factor,
            degree: self.degree.saturating_add(other.degree),
        }
    }

    fn scaled(self, by: f64) -> Self {
        Self {
            factor: self.factor * by,
            ..self
        }
    }

    /// The bound in terms of what `n` is bounded by.
    fn of(self, n: Self) -> Self {
        Self {
            factor: self.factor * n.factor.max(1.0).powi(i32::try_from(self.degree).unwrap_or(i32::MAX)),
            degree: self.degree.saturating_mul(n.degree),
        }
    }

    /// The sum over parts that are together `whole`, where this bounds what a part of size `n` takes.
    fn over_parts(self, whole: Self) -> Self {
        let linear = Self {
            degree: self.degree.max(1),
            ..self
        };
        linear.of(whole)
    }
}

/// The bounds of the value and the cost of a part of an expression. Both in terms of the larger of what the whole
/// expression and what its context item hold.
#[derive(Debug, Clone, Copy)]
struct Estimate {
    size: Bound,
    work: Bound,
    /// It reads more than its context item.
    global: bool,
    /// It is a string or nothing.
    text: bool,
}

impl Estimate {
    fn scalar() -> Self {
        Self {
            size: SCALAR,
            work: Bound::constant(1.0),
            global: false,
            text: false,
        }
    }

    fn beside(self, other: Self) -> Self {
        Self {
            size: self.size.plus(other.size),
            work: self.work.plus(other.work),
            global: self.global || other.global,
            text: false,
        }
    }
}

/// The most that an evaluation of `tree` may cost; `None` if nobody can tell.
pub(super) fn bound(tree: &AstNode, analysis: &Analysis) -> Option<Bound> {
    // a name of its own may be a function, and what is bound can be shared
    if !analysis.own.is_empty() || analysis.joins || analysis.repeats {
        return None;
    }
    estimate(tree).map(|whole| whole.work.plus(whole.size).plus(Bound::READ))
}

fn estimate(node: &AstNode) -> Option<Estimate> {
    with_stack(|| estimate_node(node))
}

fn estimate_node(node: &AstNode) -> Option<Estimate> {
    let scalar = Estimate::scalar();
    Some(match node {
        AstNode::String(text) => Estimate {
            size: Bound::constant(ESCAPED * text.len() as f64 + 2.0),
            text: true,
            ..scalar
        },
        AstNode::Number(_) | AstNode::Boolean(_) | AstNode::Null | AstNode::Undefined => scalar,
        AstNode::Name(_) | AstNode::Wildcard => read(false),
        AstNode::Variable(name) if name.is_empty() => read(false),
        // if it is a function, nothing here can call it
        AstNode::Variable(_) => read(true),
        AstNode::Path { steps } => path(steps)?,
        AstNode::Binary { op, lhs, rhs } => binary(*op, estimate(lhs)?, estimate(rhs)?)?,
        AstNode::Unary { operand, .. } => {
            let operand = estimate(operand)?;
            Estimate {
                work: operand.work.plus(operand.size),
                global: operand.global,
                ..scalar
            }
        }
        AstNode::Function {
            name,
            args,
            is_builtin: true,
        } => function(name, args)?,
        AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => all(items)?,
        AstNode::Object(pairs) => all(pairs.iter().flat_map(|(key, value)| [key, value]))?,
        AstNode::Conditional {
            condition,
            then_branch,
            else_branch,
        } => {
            let branches = [Some(&**condition), Some(&**then_branch), else_branch.as_deref()];
            all(branches.into_iter().flatten())?
        }
        AstNode::FunctionApplication(inner) => estimate(inner)?,
        AstNode::Function { .. }
        | AstNode::Placeholder
        | AstNode::Regex { .. }
        | AstNode::ParentVariable(_)
        | AstNode::Call { .. }
        | AstNode::Lambda { .. }
        | AstNode::ObjectTransform { .. }
        | AstNode::Descendant
        | AstNode::Parent(_)
        | AstNode::Sort { .. }
        | AstNode::Transform { .. } => return None,
    })
}

/// The estimate of a read from the context item, or from a variable.
fn read(global: bool) -> Estimate {
    Estimate {
        size: Bound::READ,
        work: Bound::READ,
        global,
        text: false,
    }
}

fn all<'n>(nodes: impl IntoIterator<Item = &'n AstNode>) -> Option<Estimate> {
    nodes
        .into_iter()
        .try_fold(Estimate::scalar(), |sum, node| Some(sum.beside(estimate(node)?)))
}

fn binary(op: BinaryOp, lhs: Estimate, rhs: Estimate) -> Option<Estimate> {
    let both = lhs.beside(rhs);
    let read = Estimate {
        work: both.work.plus(both.size),
        ..both
    };
    let scalar = Estimate { size: SCALAR, ..read };
    Some(match op {
        BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => scalar,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::LessThan
        | BinaryOp::LessThanOrEqual
        | BinaryOp::GreaterThan
        | BinaryOp::GreaterThanOrEqual => scalar,
        BinaryOp::And | BinaryOp::Or => scalar,
        // each member may be compared with the whole of the other
        BinaryOp::In => Estimate {
            work: both.work.plus(lhs.size.times(rhs.size)),
            ..scalar
        },
        BinaryOp::Concatenate => {
            let size = as_text(lhs).plus(as_text(rhs));
            Estimate {
                size,
                work: both.work.plus(size),
                text: true,
                ..both
            }
        }
        BinaryOp::Coalesce | BinaryOp::Default => read,
        BinaryOp::Range | BinaryOp::ColonEqual | BinaryOp::FocusBind | BinaryOp::IndexBind | BinaryOp::ChainPipe => {
            return None;
        }
    })
}

/// The size of the text that a value becomes.
fn as_text(value: Estimate) -> Bound {
    value.size.scaled(if value.text { 1.0 } else { ESCAPED })
}

fn path(steps: &[PathStep]) -> Option<Estimate> {
    let (first, rest) = steps.split_first()?;
    let mut so_far = stages(first, estimate(&first.node)?)?;
    for step in rest {
        let next = match &step.node {
            AstNode::Name(_) | AstNode::String(_) | AstNode::Wildcard => Estimate {
                work: so_far.work.plus(so_far.size),
                text: false,
                ..so_far
            },
            other => for_each(so_far, estimate(other)?),
        };
        so_far = stages(step, next)?;
    }
    Some(so_far)
}

/// The estimate of `each`, made for every item of `items`.
fn for_each(items: Estimate, each: Estimate) -> Estimate {
    let (size, work) = if each.global {
        let most = items.size.plus(Bound::READ);
        (
            items.size.times(each.size.of(most)),
            items.size.times(each.work.of(most)),
        )
    } else {
        (each.size.over_parts(items.size), each.work.over_parts(items.size))
    };
    Estimate {
        size,
        work: items.work.plus(items.size).plus(work),
        global: items.global || each.global,
        text: false,
    }
}

fn stages(step: &PathStep, of: Estimate) -> Option<Estimate> {
    let plain = step.focus.is_none() && step.index_var.is_none() && step.ancestor_label.is_none();
    if !plain || step.is_tuple || step.inner_tuple {
        return None;
    }
    let mut so_far = of;
    for stage in &step.stages {
        match stage {
            Stage::Filter(condition) => {
                let tested = for_each(so_far, estimate(condition)?);
                so_far = Estimate {
                    work: tested.work,
                    global: tested.global,
                    ..so_far
                };
            }
            Stage::KeepArray => {}
            Stage::Index(_) => return None,
        }
    }
    Some(so_far)
}

/// The result of a function, by the size of its arguments.
enum Gives {
    /// Something short.
    Scalar,
    /// The parts of its arguments, this many times as long.
    Parts(f64),
    /// A text this many times as long.
    Text(f64),
    /// Its first argument with the second between its items.
    Joined,
}

/// The result of a function that takes no longer than its arguments are long; `None` for all others.
fn gives(name: &str, arguments: usize) -> Option<Gives> {
    Some(match (name, arguments) {
        ("exists" | "count" | "sum" | "max" | "min" | "average" | "length" | "number" | "abs" | "floor", _) => {
            Gives::Scalar
        }
        ("ceil" | "round" | "power" | "sqrt" | "boolean" | "not" | "contains" | "type" | "millis", _) => Gives::Scalar,
        ("toMillis", 0..=1) | ("random", _) => Gives::Scalar,
        ("fromMillis", 0..=1) | ("now", 0) | ("uuid", _) => Gives::Text(0.0),
        ("hash", _) => Gives::Text(ESCAPED),
        ("append" | "merge" | "reverse" | "keys" | "lookup" | "distinct" | "shuffle", _) => Gives::Parts(1.0),
        ("spread" | "split" | "partition", _) => Gives::Parts(8.0),
        ("parse", _) => Gives::Parts(ESCAPED),
        ("substring" | "substringBefore" | "substringAfter" | "trim" | "base64decode", _) => Gives::Text(1.0),
        ("uppercase" | "lowercase" | "base64encode", _) => Gives::Text(3.0),
        ("string", _) => Gives::Text(ESCAPED),
        ("join", _) => Gives::Joined,
        _ => return None,
    })
}

fn function(name: &str, args: &[AstNode]) -> Option<Estimate> {
    let gives = gives(name, args.len())?;
    let given = all(args)?;
    // an argument that is left out is the context item
    let read = given.size.plus(Bound::READ);
    let (size, text) = match gives {
        Gives::Scalar => (SCALAR, false),
        Gives::Parts(times) => (read.scaled(times), false),
        Gives::Text(times) => (read.scaled(times).plus(SCALAR).plus(SCALAR).plus(SCALAR), true),
        Gives::Joined => (read.times(read), true),
    };
    // what takes a text takes anything else as its text
    let work = given.work.plus(read.scaled(ESCAPED)).plus(size);
    Some(Estimate {
        size,
        work,
        global: given.global,
        text,
    })
}

#[cfg(test)]
mod tests {
    use jsonata_core::parser;

    use super::*;

    fn bound_of(source: &str) -> Option<Bound> {
        let tree = parser::parse(source).unwrap_or_else(|error| panic!("{source}: {error}"));
        bound(&tree, &Analysis::of(&tree))
    }

    fn check(source: &str, degree: Option<u32>) {
        assert_eq!(bound_of(source).map(|bound| bound.degree), degree, "{source}");
        if degree.is_some_and(|degree| degree <= 1) {
            assert!(bound_of(source).is_some_and(Bound::is_linear), "{source}");
        }
    }

    #[test]
    fn reading_testing_and_making_is_linear() {
        for source in [
            "{'value': $states.input.user_name}",
            "$exists($states.input.round) ? $states.input.round : 1",
            "$user_name.ok and ($email.ok or $pincode.ok) and $round <= 5",
            "$fromMillis($toMillis($states.context.State.EnteredTime) + 7 * 86400000)",
            "[$user_name.violations, $email.violations, $pincode.violations]",
            "$merge([$submission, $states.input.repaired, {'round': $round + 1, 'approval': $approval}])",
            "'a ' & $states.context.Execution.Name & ', b ' & $states.input.Error & ': ' & $states.input.Cause",
            "$approval = null ? 'ingested' : 'approved'",
            "$states.input.items[price > 10].name",
            "$states.input.items.{'a': name, 'b': [price, tags[0]]}",
            "$states.input.a.b[tags[name = 'x'].on].c",
            "$sum($states.input.items.price)",
            "$now() & $uuid()",
            "$states.input.a ? $string($states.input.a) : $keys($states.input)",
        ] {
            check(source, Some(1));
        }
    }

    #[test]
    fn what_reads_beside_its_items_for_each_of_them_is_not() {
        check("$states.input.items[id = $states.input.wanted]", Some(2));
        check("$a.($b.($c.d))", Some(3));
        check("$a in $b", Some(2));
        check("$join($a, $b)", Some(2));
    }

    #[test]
    fn a_text_in_a_text_in_a_text_is_not_linear() {
        let nested = (0..12).fold("$a".to_owned(), |inner, _| format!("$string([{inner}])"));
        assert!(!bound_of(&nested).is_some_and(Bound::is_linear));
        assert!(!bound_of(&nested).is_some_and(|bound| bound.is_little(1)));
    }

    #[test]
    fn what_can_repeat_share_or_multiply_has_no_bound() {
        for source in [
            "($f := function($o, $n) {$n = 0 ? $o : $f({'a': $o, 'b': $o}, $n - 1)}; $f({}, 40))",
            "$count(($f := function($o) {$o}; $f({'c': 1})).**)",
            "[1..10]",
            "$a.**",
            "$a ~> |b|{'c': 1}|",
            "$match($a, /(a+)+$/)",
            "$contains($a, /x/)",
            "$split($a, /x/)",
            "$map($a, function($x) {$x})",
            "$map($a, $string)",
            "$filter($a, $boolean)",
            "$reduce($a, $append)",
            "$each($a, $uppercase)",
            "$sift($a, $boolean)",
            "$single($a, $boolean)",
            "$sort($a)",
            "$a^(>b)",
            "$a{b: c}",
            "$pad($a, 10)",
            "$replace($a, 'b', $c)",
            "$formatNumber($a, '#')",
            "$formatInteger($a, 'I')",
            "$formatBase($a, 2)",
            "$parseInteger($a, 'I')",
            "$toMillis($a, '[Y]')",
            "$fromMillis($a, '[Y]')",
            "$now('[Y]')",
            "$zip($a, $b)",
            "$range(1, $a, 1)",
            "$eval($a)",
            "$a@$x.b[c = $x]",
            "$a#$i[$i < 2]",
            "$a.b.%.c",
            "$a ~> $string()",
            "($x := $a; $x)",
            "$substring(?, 1)",
            "$unheard($a)",
        ] {
            check(source, None);
        }
    }

    #[test]
    fn how_much_is_read_decides_where_the_degree_is_higher() {
        let bound = bound_of("$a[b = $c]").expect("bounded");
        assert!(bound.is_little(100) && !bound.is_little(10_000));
    }
}
