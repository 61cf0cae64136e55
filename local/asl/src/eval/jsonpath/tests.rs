use serde_json::{Value, json};

use super::JsonPathQuery;
use crate::eval::{Entropy, Scope, Variables};

fn store() -> Value {
    json!({
        "a": {"b": [1, 2, 3], "text": "x", "nothing": null},
        "quo\\\"te": 4, "odd-name": 1, "with space": 2, "dot.ted": 3,
        "books": [
            {"title": "A", "price": 5, "tags": ["x"]},
            {"title": "B", "price": 15.5},
            {"title": "C", "price": 25, "author": {"name": "N"}},
        ],
    })
}

fn check(path: &str, expected: Result<Value, &str>) {
    let (input, context) = (store(), json!({"State": {"Name": "S"}}));
    let variables: Variables = [("v".into(), std::sync::Arc::new(json!({"w": [7]})))]
        .into_iter()
        .collect();
    let entropy = Entropy::new([0, 0]);
    let scope = Scope::of(&input, &context, &variables, &entropy);
    let query = JsonPathQuery::parse(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let found = query.select(&scope).map(|v| v.into_owned()).map_err(|m| m.0);
    assert_eq!(found, expected.map_err(str::to_owned), "{path}");
}

#[test]
fn definite_paths_give_the_value() {
    check("$", Ok(store()));
    check("$.a.b[0]", Ok(json!(1)));
    check("$.a.b[-1]", Ok(json!(3)));
    check("$['a']['b'][1]", Ok(json!(2)));
    check("$[\"with space\"]", Ok(json!(2)));
    check("$['quo\\\"te']", Ok(json!(4)));
    check("$.odd-name", Ok(json!(1)));
    check("$.dot\\.ted", Ok(json!(3)));
    check("$.a.nothing", Ok(json!(null)));
    check("$$.State.Name", Ok(json!("S")));
    check("$$", Ok(json!({"State": {"Name": "S"}})));
    check("$v", Ok(json!({"w": [7]})));
    check("$v.w[0]", Ok(json!(7)));
}

#[test]
fn definite_paths_say_what_is_missing() {
    check("$.none", Err("No results for path: $['none']"));
    check("$.no.such.path", Err("Missing property in path $['no']"));
    check("$.a.none", Err("No results for path: $['a']['none']"));
    check("$.a.b[9]", Err("No results for path: $['a']['b'][9]"));
    check("$.a.nothing[0]", Err("The path $['a']['nothing'] is null"));
    check("$unknown", Err("No results for path: $['unknown']"));
    check(
        "$.a.text.more",
        Err(
            "Expected to find an object with property ['more'] in path $['a']['text'] but found 'java.lang.String'. This is \
             not a json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JsonSmartJsonProvider'.",
        ),
    );
}

#[test]
fn indefinite_paths_give_arrays() {
    check("$.books[*].title", Ok(json!(["A", "B", "C"])));
    check("$.books[1:].title", Ok(json!(["B", "C"])));
    check("$.books[:1].title", Ok(json!(["A"])));
    check("$.books[-2:].title", Ok(json!(["B", "C"])));
    check("$.books[0,2].title", Ok(json!(["A", "C"])));
    check("$..name", Ok(json!(["N"])));
    check("$..title", Ok(json!(["A", "B", "C"])));
    check("$.books[*].author.name", Ok(json!(["N"])));
    check("$.books[0]['title','price']", Ok(json!([{"title": "A", "price": 5}])));
    check("$.none[*].x", Ok(json!([])));
    check("$.a.none[1:5]", Ok(json!([])));
    check("$.a.b[3:1]", Ok(json!([])));
}

#[test]
fn filters_compare_as_jayway_does() {
    check("$.books[?(@.price == 5)].title", Ok(json!(["A"])));
    check("$.books[?(@.price > 10 && @.price < 20)].title", Ok(json!(["B"])));
    check(
        "$.books[?(@.price < 10 || @.title == 'C')].title",
        Ok(json!(["A", "C"])),
    );
    check("$.books[?(!(@.price > 10))].title", Ok(json!(["A"])));
    check("$.books[?(@.author)].title", Ok(json!(["C"])));
    check("$.books[?(!@.author)].title", Ok(json!(["A", "B"])));
    check("$.books[?(@.author.name == \"N\")].title", Ok(json!(["C"])));
    check("$.books[?(@.title =~ /[ab]/i)].title", Ok(json!(["A", "B"])));
    check("$.books[?(@.title in ['A', 'C'])].title", Ok(json!(["A", "C"])));
    check("$.books[?(@.title nin ['A', 'C'])].title", Ok(json!(["B"])));
    check("$.books[?(@.price == $.books[1].price)].title", Ok(json!(["B"])));
    check("$.a[?(@.text == 'x')].b[0]", Ok(json!([1])));
    check("$.books[?(@.missing != 1)].title", Ok(json!(["A", "B", "C"])));
}

#[test]
fn functions_end_a_path() {
    check("$.books.length()", Ok(json!(3)));
    check("$.a.b.sum()", Ok(json!(6.0)));
    check("$.books[*].price.max()", Ok(json!(25.0)));
}

#[test]
fn texts_that_are_no_paths_are_refused() {
    for text in [
        "",
        "a",
        "$.",
        "$.a.",
        "$.a[",
        "$.a['b",
        "$.a[b]",
        "$[?(@.a ==)]",
        "$.a b",
        "$.a]",
        "$[?(@.a == 1]",
        "$.a[1",
        "$x-y",
    ] {
        assert!(JsonPathQuery::parse(text).is_err(), "{text}");
    }
    let deep = format!("$[?({}@.a{})]", "(".repeat(100_000), ")".repeat(100_000));
    assert!(JsonPathQuery::parse(&deep).is_err());
}

/// A path over ten thousand items; some cost more than any query may.
#[track_caller]
fn check_cost(path: &str, expected: Result<usize, &str>) {
    let input = json!({ "all": (0..10_000).map(|n| json!({ "n": n })).collect::<Vec<_>>() });
    let (context, variables, entropy) = (Value::Null, Variables::new(), Entropy::new([0, 0]));
    let scope = Scope::of(&input, &context, &variables, &entropy);
    let found = JsonPathQuery::parse(path).expect(path).select(&scope);
    let count = found.map(|v| v.as_array().map_or(0, Vec::len)).map_err(|m| m.0);
    assert_eq!(count, expected.map_err(str::to_owned), "{path}");
}

#[test]
fn a_query_has_a_limit() {
    let limit = "The path looks at more values than a query may";
    check_cost("$..n", Ok(10_000));
    check_cost("$.all[?(@.n >= $.all[9999].n)]", Ok(1));
    check_cost("$..[?(@..n == $..n)]", Err(limit));
    check_cost(&format!("$.all[{}]..n", ["0"; 9].join(",")), Ok(9));
    check_cost(&format!("$..{}", ["all"; 200].join("..")), Ok(0));
    check_cost(&format!("$['all'][{}]..n", ["0"; 9].join(",")), Ok(9));
}

#[test]
fn patterns_that_are_too_large_are_refused() {
    assert!(JsonPathQuery::parse("$[?(@.a =~ /[a-z]{1,20}x/)]").is_ok());
    assert!(JsonPathQuery::parse("$[?(@.a =~ /((a{100}){100}){100}/)]").is_err());
}
