//! The SAM template's EventBridge pipes, as far as the template uses them. Their filters and their transformer decide here,
//! too, which records leave and as what. A feature that is unknown here is refused, so that nobody relies on a guess.

use serde_json::{Map, Value, json};

use crate::Problem;

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// What an event names as its resource: the stack's own table, or the one that was restored in its place.
const OWN_TABLE: &str = "[!If [ConnectionsAreRestored, !Sub \"arn:${AWS::Partition}:dynamodb:${AWS::Region}:\
                         ${AWS::AccountId}:table/${ConnectionsTableName}\", !GetAtt ConnectionsTable.Arn]]";

/// The same of the embedded database's table.
const LOCAL_TABLE: &str = "arn:aws:dynamodb:local:000000000000:table/connections";

/// A pipe. It decides which records become events, and the content of those.
pub struct Pipe {
    pattern: Value,
    source: String,
    detail_type: String,
    input_template: String,
}

impl Pipe {
    /// The pipe of the SAM template that sends events as they come.
    pub fn of_the_template() -> Result<Self, Problem> {
        let pipe = section("EventsPipe")?;
        Self::with(pipe, &block(pipe, "- Pattern: >-")?)
    }

    /// The pipe of the SAM template that sends once more what the parameter `ReplayEventsOf` names.
    pub fn that_replays(events_of: &str) -> Result<Self, Problem> {
        let pipe = section("ReplayEventsPipe")?;
        let join = line(pipe, "- Times: !Join ['", "- Pattern: !Sub")?;
        let between = join.strip_suffix("', !Split [\",\", !Ref ReplayEventsOf]]");
        let times = events_of.replace(',', between.ok_or("the pipe joins its times in another way")?);
        Self::with(pipe, &block(pipe, "- >-")?.replace("${Times}", &times))
    }

    fn with(pipe: &str, pattern: &str) -> Result<Self, Problem> {
        let input_template = line(pipe, "InputTemplate: ", "TargetParameters:")?;
        if input_template != "!FindInMap [Pipes, Event, InputTemplate]" {
            return Err(format!("a transformer that is not known here: {input_template}").into());
        }
        let resources = line(pipe, "Resources: ", "EventBridgeEventBusParameters:")?;
        if resources != OWN_TABLE {
            return Err(format!("resources that are not known here: {resources}").into());
        }
        Ok(Self {
            pattern: serde_json::from_str(pattern)?,
            source: line(pipe, "Source: ", "EventBridgeEventBusParameters:")?,
            detail_type: line(pipe, "DetailType: ", "EventBridgeEventBusParameters:")?,
            input_template: block(section("Pipes")?, "InputTemplate: |-")?,
        })
    }

    /// The event that a stream's record becomes, if it becomes one: an entry for `PutEvents`.
    pub fn event(&self, record: &Value) -> Result<Option<Value>, Problem> {
        if !matches(&self.pattern, Some(record))? {
            return Ok(None);
        }
        let detail_type = at(record, &self.detail_type)?;
        let detail: Value = serde_json::from_str(&fill(&self.input_template, record)?)?;
        let resources = [LOCAL_TABLE];
        Ok(Some(json!({
            "source": self.source, "detail-type": detail_type, "resources": resources, "detail": detail,
        })))
    }
}

/// A resource of the template, or a mapping: what stands below its name.
fn section(name: &str) -> Result<&'static str, Problem> {
    let (_, below) = TEMPLATE
        .split_once(&format!("\n  {name}:\n"))
        .ok_or_else(|| format!("the template has no {name}"))?;
    Ok(below.split_once("\n\n").map_or(below, |(section, _)| section))
}

/// The value of a line under its heading.
fn line(yaml: &str, key: &str, heading: &str) -> Result<String, Problem> {
    let (_, section) = yaml.split_once(heading).ok_or_else(|| format!("the pipe has no {heading}"))?;
    let value = section.lines().find_map(|line| line.trim().strip_prefix(key));
    Ok(value.ok_or_else(|| format!("the pipe has no {key}"))?.to_owned())
}

/// The text of a YAML block: the lines below `key` that are indented further.
fn block(yaml: &str, key: &str) -> Result<String, Problem> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = yaml.lines().skip_while(|line| line.trim() != key);
    let own = indent(lines.next().ok_or_else(|| format!("the pipe has no {key}"))?);
    Ok(lines.take_while(|line| indent(line) > own).collect::<Vec<_>>().join("\n"))
}

/// Matches an event pattern: an object asks for each of its members, an array for one of its values.
fn matches(pattern: &Value, value: Option<&Value>) -> Result<bool, Problem> {
    match pattern {
        Value::Object(members) => all(members, value),
        Value::Array(choices) => {
            for choice in choices {
                if is(choice, value)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        other => Err(format!("a pattern's value is neither an object nor an array: {other}").into()),
    }
}

fn all(members: &Map<String, Value>, value: Option<&Value>) -> Result<bool, Problem> {
    for (name, pattern) in members {
        if !matches(pattern, value.and_then(|value| value.get(name)))? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is(choice: &Value, value: Option<&Value>) -> Result<bool, Problem> {
    match choice {
        Value::String(_) => Ok(value == Some(choice)),
        // `exists` holds for a leaf only.
        _ if *choice == json!({ "exists": true }) => {
            Ok(value.is_some_and(|value| !value.is_object() && !value.is_array()))
        }
        Value::Object(operator) if operator.keys().eq(["prefix"]) => {
            let prefix = choice["prefix"].as_str().ok_or("a prefix that is no text")?;
            Ok(value.and_then(Value::as_str).is_some_and(|value| value.starts_with(prefix)))
        }
        other => Err(format!("an operator of patterns that is not known here: {other}").into()),
    }
}

/// Replaces each `<$.path>` by its value, as JSON. A value within quotes is refused: AWS documents no rule for it.
fn fill(template: &str, record: &Value) -> Result<String, Problem> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('<') {
        let (path, after) = after.split_once('>').ok_or("a variable of the transformer has no end")?;
        if before.ends_with('"') {
            return Err(format!("{path} stands within quotes").into());
        }
        filled.push_str(before);
        filled.push_str(&at(record, path)?.to_string());
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The value at a path like `$.dynamodb.NewImage.pk.S`.
fn at<'a>(record: &'a Value, path: &str) -> Result<&'a Value, Problem> {
    let names = path.strip_prefix("$.").ok_or_else(|| format!("{path} is no path"))?;
    let found = names.split('.').try_fold(record, |value, name| value.get(name));
    found.ok_or_else(|| format!("a record has nothing at {path}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(record: &Value) -> Option<Value> {
        Pipe::of_the_template().unwrap().event(record).unwrap()
    }

    fn record(event_name: &str, customer: &str) -> Value {
        let event = json!({ "M": { "name": { "S": "connection.created" }, "time": { "S": "now" } } });
        json!({ "eventName": event_name, "dynamodb": { "SequenceNumber": "7", "NewImage": {
            "pk": { "S": "c" },
            "workspace": { "S": "w" },
            "customer": { "S": customer },
            "integration": { "S": "i" },
            "record": { "S": "{}" },
            "tags": { "S": "[\"vip\"]" },
            "meta": { "S": "{}" },
            "sealed": { "B": "c2VhbGVk" },
            "event": event,
        } } })
    }

    #[test]
    fn only_what_the_transformer_names_is_in_an_event() {
        let detail = json!({
            "connectionId": "c",
            "workspaceKey": "w",
            "userId": "u",
            "tenantId": "u",
            "integrationId": "i",
            "time": "now",
            "sequence": "7",
            "tags": "[\"vip\"]",
            "meta": "{}",
        });
        let expected = json!({
            "source": "linkspan", "detail-type": "connection.created", "resources": [LOCAL_TABLE], "detail": detail,
        });
        assert_eq!(event(&record("INSERT", "u")), Some(expected.clone()));
        assert_eq!(event(&record("MODIFY", "u")), Some(expected));
    }

    #[test]
    fn a_write_that_is_no_event_stays_here() {
        assert_eq!(event(&record("REMOVE", "u")), None);
        let mut other = record("MODIFY", "u");
        other["dynamodb"]["NewImage"].as_object_mut().unwrap().remove("event");
        assert_eq!(event(&other), None);
        assert_eq!(event(&json!({ "eventName": "MODIFY" })), None);
    }

    #[test]
    fn a_customers_id_may_hold_anything() {
        let customer = "a\"b\\c\n<$.dynamodb.NewImage.sealed.B>";
        assert_eq!(event(&record("INSERT", customer)).unwrap()["detail"]["userId"], customer);
    }

    fn at_time(time: &str) -> Value {
        let mut record = record("MODIFY", "u");
        record["dynamodb"]["NewImage"]["event"]["M"]["time"]["S"] = json!(time);
        record
    }

    #[test]
    fn a_replay_sends_the_same_and_only_what_is_of_its_hours() {
        let pipe = Pipe::that_replays("2026-01-31T08,2026-01-31T10:15").unwrap();
        for inside in ["2026-01-31T08:00:00.000Z", "2026-01-31T08:59:59.999Z", "2026-01-31T10:15:01.000Z"] {
            let record = at_time(inside);
            let sent = pipe.event(&record).unwrap();
            assert!(sent.is_some(), "{inside}");
            assert_eq!(sent, event(&record));
        }
        for outside in ["2026-01-31T07:59:59.999Z", "2026-01-31T10:16:00.000Z", "2026-01-30T08:00:00.000Z"] {
            assert_eq!(pipe.event(&at_time(outside)).unwrap(), None, "{outside}");
        }
        let mut no_event = at_time("2026-01-31T08:00:00.000Z");
        no_event["eventName"] = json!("REMOVE");
        assert_eq!(pipe.event(&no_event).unwrap(), None);
    }

    /// What the evaluator does not know of: where the pipes read, by which role, and where they send to.
    #[test]
    fn both_pipes_lead_from_the_same_stream_to_the_same_bus() {
        let lines = |name: &str| -> Vec<&str> {
            section(name).unwrap().lines().filter(|line| !line.trim_start().starts_with('#')).collect()
        };
        let (sends, replays) = (lines("EventsPipe"), lines("ReplayEventsPipe"));
        let own = |lines: &[&'static str], others: &[&str]| -> Vec<&str> {
            let own = lines.iter().filter(|line| !others.contains(line));
            own.map(|line| line.trim().split(' ').next().unwrap()).collect()
        };
        assert_eq!(
            own(&sends, &replays),
            [
                "Condition:",
                "Description:",
                "MaximumRecordAgeInSeconds:",
                "DeadLetterConfig:",
                "-",
                "\"dynamodb\":"
            ]
        );
        assert_eq!(own(&replays, &sends)[..3], ["Condition:", "Description:", "-"]);
    }

    #[test]
    fn what_is_not_known_here_is_refused() {
        let value = json!("a");
        assert!(matches(&json!([{ "suffix": "a" }]), Some(&value)).is_err());
        assert!(matches(&json!([{ "prefix": "a", "suffix": "a" }]), Some(&value)).is_err());
        assert!(matches(&json!([{ "prefix": 1 }]), Some(&value)).is_err());
        assert!(matches(&json!("a"), Some(&value)).is_err());
        assert!(fill("\"<$.a>\"", &json!({ "a": "a" })).is_err());
        assert!(fill("<$.b>", &json!({ "a": "" })).is_err());
        assert!(fill("<aws.pipes.pipe-name>", &json!({})).is_err());
    }
}
