//! A `CloudFormation` template as JSON, with its functions in their long form; and what they come to in one deployment. A
//! function that is not known here is refused, so that nobody relies on a guess.

use std::collections::BTreeMap;

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value, json};

use crate::repository::read;

/// The template in a file, as `CloudFormation`'s JSON has it.
#[must_use]
pub fn template(path: &str) -> Value {
    let text = read(path);
    value(&Yaml::load_from_str(&text).unwrap()[0])
}

fn value(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(flag)) => (*flag).into(),
        Yaml::Value(Scalar::Integer(number)) => (*number).into(),
        Yaml::Value(Scalar::FloatingPoint(number)) => number.into_inner().into(),
        Yaml::Value(Scalar::String(text)) => text.as_ref().into(),
        Yaml::Sequence(items) => items.iter().map(value).collect(),
        Yaml::Mapping(members) => {
            Value::Object(members.iter().map(|(name, member)| (name_of(name), value(member))).collect())
        }
        Yaml::Tagged(tag, node) => match &*tag.suffix {
            plain @ ("Ref" | "Condition") => json!({ plain: value(node) }),
            function => json!({ format!("Fn::{function}"): value(node) }),
        },
        other => panic!("{other:?}"),
    }
}

fn name_of(node: &Yaml<'_>) -> String {
    match node {
        Yaml::Value(Scalar::String(name)) => name.to_string(),
        other => panic!("{other:?}"),
    }
}

/// A function of a template: its name without `Fn::`, and what it is given.
#[must_use]
pub fn function(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, given) = members.iter().next()?;
    match name.as_str() {
        plain @ ("Ref" | "Condition") => Some((plain, given)),
        name => Some((name.strip_prefix("Fn::")?, given)),
    }
}

/// The account that a stack is deployed in.
pub const ACCOUNT: &str = "111122223333";

/// Its region.
pub const REGION: &str = "eu-west-1";

/// Its name.
pub const STACK: &str = "prod";

/// What a property is when it is left out: `AWS::NoValue`.
const NO_VALUE: &str = "AWS::NoValue";

/// One deployment of a template.
pub struct Deployment {
    template: Value,
    parameters: BTreeMap<String, Value>,
    /// The outputs of the stacks inside it, as `Roles.Outputs.Api`.
    outputs: BTreeMap<String, Value>,
}

impl Deployment {
    /// The template with these values of its parameters; of each other one its default.
    #[must_use]
    pub fn of(path: &str, given: &Map<String, Value>) -> Self {
        let template = template(path);
        let mut parameters = BTreeMap::new();
        for (name, parameter) in template["Parameters"].as_object().into_iter().flatten() {
            let Some(value) = given.get(name).or_else(|| parameter.get("Default")) else { continue };
            let is_list = parameter["Type"]
                .as_str()
                .is_some_and(|kind| kind.starts_with("List<") || kind == "CommaDelimitedList");
            let value = match value.as_str() {
                Some(text) if is_list => text.split(',').collect(),
                _ => value.clone(),
            };
            parameters.insert(name.clone(), value);
        }
        for name in given.keys() {
            assert!(parameters.contains_key(name), "{path} has no parameter {name}");
        }
        Self { template, parameters, outputs: BTreeMap::new() }
    }

    /// The stack inside it that a resource makes, of the template in this file.
    #[must_use]
    pub fn inner(&mut self, name: &str, path: &str) -> Self {
        let given = self.properties(name)["Parameters"].as_object().unwrap().clone();
        let inner = Self::of(path, &given);
        for (output, of) in inner.template["Outputs"].as_object().unwrap() {
            self.outputs.insert(format!("{name}.Outputs.{output}"), inner.resolved(&of["Value"]).unwrap());
        }
        inner
    }

    /// The properties of a resource.
    #[must_use]
    pub fn properties(&self, name: &str) -> Value {
        self.resolved(&self.template["Resources"][name]["Properties"]).unwrap()
    }

    /// The resources of a type that this deployment has.
    #[must_use]
    pub fn resources(&self, kind: &str) -> Vec<String> {
        let resources = self.template["Resources"].as_object().unwrap();
        let of_kind = resources.iter().filter(|(_, resource)| resource["Type"] == kind);
        of_kind.filter(|(_, resource)| self.is_made(resource)).map(|(name, _)| name.clone()).collect()
    }

    fn is_made(&self, resource: &Value) -> bool {
        resource["Condition"].as_str().is_none_or(|condition| self.holds(condition))
    }

    fn holds(&self, condition: &str) -> bool {
        let meaning = &self.template["Conditions"][condition];
        assert!(!meaning.is_null(), "there is no condition {condition}");
        self.resolved(meaning).unwrap().as_bool().unwrap()
    }

    /// What a value comes to. It is nothing where it is left out.
    #[must_use]
    pub fn resolved(&self, value: &Value) -> Option<Value> {
        if let Some((name, given)) = function(value) {
            return self.called(name, given);
        }
        Some(match value {
            Value::Array(items) => items.iter().filter_map(|item| self.resolved(item)).collect(),
            Value::Object(members) => {
                let resolved =
                    |(name, member): (&String, &Value)| Some((name.clone(), self.resolved(member)?));
                Value::Object(members.iter().filter_map(resolved).collect())
            }
            plain => plain.clone(),
        })
    }

    fn called(&self, function: &str, given: &Value) -> Option<Value> {
        let list = || given.as_array().unwrap();
        let all = || list().iter().map(|item| self.resolved(item).unwrap());
        let is_true = |value: Value| value.as_bool().unwrap();
        Some(match function {
            "Ref" if given == NO_VALUE => return None,
            "Ref" => self.named(given.as_str().unwrap()),
            "Condition" => self.holds(given.as_str().unwrap()).into(),
            "GetAtt" => self.attribute(given.as_str().unwrap()),
            "Sub" => self.filled(given).into(),
            "If" => {
                let [condition, then, otherwise] = &list()[..] else { panic!("{given}") };
                return self.resolved(if self.holds(condition.as_str().unwrap()) { then } else { otherwise });
            }
            "Equals" => {
                let sides: Vec<Value> = all().collect();
                (sides[0] == sides[1]).into()
            }
            "Not" => (!all().any(is_true)).into(),
            "And" => all().all(is_true).into(),
            "Or" => all().any(is_true).into(),
            "FindInMap" => {
                let path = all().map(|name| format!("/{}", name.as_str().unwrap()));
                let path = format!("/Mappings{}", path.collect::<String>());
                let found = self.template.pointer(&path);
                found.unwrap_or_else(|| panic!("there is no {path}")).clone()
            }
            "Join" => {
                let [between, parts] = &all().collect::<Vec<_>>()[..] else { panic!("{given}") };
                let parts: Vec<&str> =
                    parts.as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
                parts.join(between.as_str().unwrap()).into()
            }
            other => panic!("a function of templates that is not known here: {other}"),
        })
    }

    fn named(&self, name: &str) -> Value {
        if let Some(value) = self.parameters.get(name) {
            return value.clone();
        }
        match name {
            "AWS::AccountId" => ACCOUNT.into(),
            "AWS::Partition" => "aws".into(),
            "AWS::Region" => REGION.into(),
            "AWS::StackName" => STACK.into(),
            "AWS::URLSuffix" => "amazonaws.com".into(),
            _ => match self.kind(name) {
                "AWS::IAM::ManagedPolicy" | "AWS::SecretsManager::Secret" => self.arn(name).into(),
                _ => physical(name).into(),
            },
        }
    }

    fn attribute(&self, named: &str) -> Value {
        if let Some(output) = self.outputs.get(named) {
            return output.clone();
        }
        match named.split_once('.') {
            Some((name, "Arn")) => self.arn(name).into(),
            Some((name, "StreamArn")) => format!("{}/stream/2026-01-01T00:00:00.000", self.arn(name)).into(),
            Some((name, attribute)) => format!("{}-of-{}", attribute, physical(name)).into(),
            None => panic!("{named} is no attribute"),
        }
    }

    fn kind(&self, name: &str) -> &str {
        let kind = self.template["Resources"][name]["Type"].as_str();
        kind.unwrap_or_else(|| panic!("there is no resource {name}"))
    }

    /// The ARN of a resource.
    fn arn(&self, name: &str) -> String {
        let id = physical(name);
        match self.kind(name) {
            "AWS::DynamoDB::Table" => arn("dynamodb", &format!("table/{id}")),
            "AWS::KMS::Key" => arn("kms", &format!("key/{id}")),
            "AWS::Logs::LogGroup" => arn("logs", &format!("log-group:{id}:*")),
            "AWS::SQS::Queue" => arn("sqs", &id),
            "AWS::SecretsManager::Secret" => arn("secretsmanager", &format!("secret:{id}-AbCdEf")),
            "AWS::IAM::Role" => format!("arn:aws:iam::{ACCOUNT}:role/{id}"),
            "AWS::IAM::ManagedPolicy" => format!("arn:aws:iam::{ACCOUNT}:policy/{id}"),
            other => panic!("the ARN of a type that is not known here: {other}"),
        }
    }

    fn filled(&self, given: &Value) -> String {
        let (text, own) = match given {
            Value::String(text) => (text.as_str(), Map::new()),
            Value::Array(parts) => (parts[0].as_str().unwrap(), parts[1].as_object().unwrap().clone()),
            other => panic!("{other}"),
        };
        let mut parts = text.split("${");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap();
            let value = match own.get(name) {
                Some(value) => self.resolved(value).unwrap(),
                None if name.contains('.') => self.attribute(name),
                None => self.named(name),
            };
            match value {
                Value::String(text) => filled.push_str(&text),
                other => filled.push_str(&other.to_string()),
            }
            filled.push_str(rest);
        }
        filled
    }
}

/// The ARN of something in the account and the region of the stack.
#[must_use]
pub fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

/// What `CloudFormation` has named a resource: of a table, what the tests name it.
fn physical(name: &str) -> String {
    name.strip_suffix("Table").map_or_else(|| name.to_owned(), str::to_lowercase)
}
