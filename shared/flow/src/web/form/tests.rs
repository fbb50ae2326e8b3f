use serde_json::json;

use super::*;
use protocol::definition::Complaint;
use protocol::language::Language;

fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["subdomain", "apiKey"],
        "properties": {
            "subdomain": { "type": "string", "pattern": "^[a-z]+$", "description": "Before .example.com" },
            "apiKey": { "type": "string", "title": "API key", "isSensitive": true },
            "port": { "type": "integer", "default": 443 },
            "region": { "enum": ["eu", "us", 3] },
            "sandbox": { "type": "boolean" },
            "sites": { "type": "array", "items": { "type": "string" } },
            "proxy": { "type": "object", "properties": { "host/name": { "type": "string" } } },
        },
    })
}

#[test]
fn the_fields_stand_in_the_schemas_order_and_secrets_are_never_shown() {
    let entered = json!({ "apiKey": "secret!", "subdomain": "acme", "proxy": { "host/name": "h" } });
    let drawn =
        fields(&schema(), entered.as_object().unwrap(), &[], Loopback::Refused, Language::English.texts());
    let names: Vec<String> = drawn.iter().map(Field::name).collect();
    assert_eq!(
        names,
        [
            "input/subdomain",
            "input/apiKey",
            "input/port",
            "input/region",
            "input/sandbox",
            "input/sites",
            "input/proxy/host~1name",
        ]
    );
    assert_eq!(drawn[0].value, "acme");
    assert_eq!(drawn[1].control, Control::Password);
    assert_eq!(drawn[1].value, "");
    assert_eq!(drawn[2].value, "443");
    assert_eq!(drawn[6].value, "h");
}

#[test]
fn an_object_is_a_group_with_its_title() {
    let inner = json!({ "title": "Inner", "properties": { "b": {}, "c": {} } });
    let outer = json!({ "title": "Outer", "description": "Both", "properties": { "a": {}, "in": inner } });
    let schema = json!({ "properties": { "before": {}, "out": outer, "none": { "properties": {} } } });
    let drawn = fields(&schema, &Map::new(), &[], Loopback::Refused, Language::English.texts());
    let groups: Vec<(&str, Vec<&str>, usize)> = drawn
        .iter()
        .map(|field| {
            let opened = field.opens.iter().map(|group| group.title.as_str()).collect();
            (field.pointer.as_str(), opened, field.closes)
        })
        .collect();
    let expected = [
        ("/before", vec![], 0),
        ("/out/a", vec!["Outer"], 0),
        ("/out/in/b", vec!["Inner"], 0),
        ("/out/in/c", vec![], 2),
    ];
    assert_eq!(groups, expected);
    assert_eq!(drawn[1].opens[0].hint, "Both");
}

#[test]
fn a_field_has_its_example_and_a_link_that_a_browser_can_follow() {
    let property = |uri: &str| json!({ "helpUri": uri, "examples": [7, 8] });
    let schema = json!({ "properties": {
        "good": property("https://docs.example/key"),
        "script": property("javascript:alert(1)//https://docs.example"),
        "plain": property("http://docs.example"),
    } });
    let drawn = fields(&schema, &Map::new(), &[], Loopback::Refused, Language::English.texts());
    let shown: Vec<(&str, &str)> = drawn.iter().map(|it| (&*it.example, &*it.help_uri)).collect();
    assert_eq!(shown, [("7", "https://docs.example/key"), ("7", ""), ("7", "")]);
}

#[test]
fn a_text_of_several_lines_keeps_them_and_a_secret_one_is_never_shown() {
    let schema = json!({ "properties": {
        "note": { "type": "string", "multiline": true },
        "key": { "type": "string", "multiline": true, "isSensitive": true },
        "text": { "type": "string", "format": "textarea" },
        "pem": { "type": "string", "format": "textarea", "isSensitive": true },
    } });
    let posted = ["note", "key", "text", "pem"].map(|name| (format!("input/{name}"), "a\r\nb\n".to_owned()));
    let read = read(&schema, &posted);
    let lines = "a\nb\n";
    let expected = json!({ "note": lines, "key": lines, "text": lines, "pem": lines });
    assert_eq!(Value::Object(read.clone()), expected);
    let drawn = fields(&schema, &read, &[], Loopback::Refused, Language::English.texts());
    let drawn: Vec<_> = drawn.iter().map(|field| (&field.control, field.value.as_str())).collect();
    let (shown, hidden) = ((&Control::Text, lines), (&Control::SecretText, ""));
    assert_eq!(drawn, [shown, hidden, shown, hidden]);
}

#[test]
fn a_posted_form_is_read_by_the_types_of_the_schema() {
    let posted = [
        ("input/subdomain", "acme"),
        ("input/apiKey", ""),
        ("input/port", "8443"),
        ("input/region", "3"),
        ("input/sandbox", "true"),
        ("input/sites", "a.example\r\n\r\n b.example \r\n"),
        ("input/proxy/host~1name", "h"),
        ("input/injected", "x"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let expected = json!({
        "subdomain": "acme", "port": 8443, "region": 3, "sandbox": true,
        "sites": ["a.example", "b.example"], "proxy": { "host/name": "h" },
    });
    assert_eq!(Value::Object(read(&schema(), &posted)), expected);
}

#[test]
fn a_number_that_is_none_stays_text_for_the_schema_to_refuse() {
    let posted = [("input/port".to_owned(), "many".to_owned())];
    assert_eq!(read(&schema(), &posted)["port"], "many");
}

#[test]
fn a_problem_stands_at_its_field() {
    let violations = [Violation { pointer: "/apiKey".to_owned(), complaint: Complaint::Required }];
    let drawn = fields(&schema(), &Map::new(), &violations, Loopback::Refused, Language::English.texts());
    assert_eq!(drawn[1].problem, "Please fill this in.");
    assert_eq!(drawn[0].problem, "");
}
