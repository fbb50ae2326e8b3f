//! What is entered is held to its schema: what does not fit is refused, and what is sensitive is not shown.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use tests::form::Form;
use tests::tokens::{WORKSPACE, admin};
use tests::{Answer, Start};

use crate::Checked;
use crate::journey::{Journey, error_of};

/// Values that do not fit a property, each for another reason. They could be a part of an address: only the schema is
/// against them.
fn unfit(property: &Value, fitting: &Value) -> Vec<Value> {
    let mut all = match property["type"].as_str() {
        Some("string") => vec![json!(true)],
        Some(_) => vec![json!("does not fit")],
        None => return Vec::new(),
    };
    if let Some(pattern) = property["pattern"].as_str() {
        let fitting = fitting.as_str().unwrap_or("a");
        if pattern.contains("\\.") {
            all.push(json!("other.example"));
        } else if !pattern.contains('.') {
            all.push(json!(format!("{fitting}.x")));
        }
        // No host has a `_` in its name, and few patterns let it in.
        let with_sign = format!("{fitting}_");
        if !regex_lite::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(&with_sign)) {
            all.push(json!(with_sign));
        }
    }
    if let Some(one) = property["enum"][0].as_str() {
        all.push(json!(format!("{one}x")));
    }
    if property["pattern"].is_string() || property["enum"].is_array() || property["format"].is_string() {
        all.push(json!("\u{2602} does not fit"));
    }
    all
}

impl Journey<'_> {
    /// What an integration shows of the team's parameters.
    pub(crate) fn check_shown(&self, integration: &Value) -> Checked {
        let (schema, given) = self.service(|service| {
            (service.definition["parametersSchema"].clone(), service.values.integration.clone())
        });
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_sealed = property["isSensitive"] == true || property["format"] == "password";
            let wanted = if is_sealed { &Value::Null } else { &given[name] };
            let shown = &integration["parameters"][name];
            if shown != wanted {
                return Err(format!("parameters.{name} is shown as {shown}"));
            }
        }
        // Callers go by these hints.
        let option = self.service(|service| service.option.clone());
        let mut shown = integration["authOptions"].as_array().into_iter().flatten();
        let shown = shown.find(|shown| shown["key"] == option["key"]).cloned().unwrap_or_default();
        for hint in ["pagination", "retry"] {
            let (wanted, shown) = (&option["apiClient"][hint], &shown["apiClient"][hint]);
            if shown != wanted {
                return Err(format!("apiClient.{hint} is shown as {shown} and not {wanted}"));
            }
        }
        Ok(())
    }

    /// What the team gives is held to its schema too: each value that is missing or does not fit is refused.
    pub(crate) async fn refuses_unfit_parameters(&self, put: &Value) -> Checked {
        let schema = self.service(|service| service.definition["parametersSchema"].clone());
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        // A secret that was given before would stay: this is another integration.
        let path = format!("/integrations/{}-unfit", self.key);
        let wrong = |name: &str, value: Value| {
            let mut put = put.clone();
            put["parameters"][name] = value;
            put
        };
        let mut all: Vec<(String, Value)> = Vec::new();
        for name in required.iter().filter_map(Value::as_str) {
            all.push((name.to_owned(), wrong(name, Value::Null)));
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            all.extend(
                unfit(property, &put["parameters"][name])
                    .into_iter()
                    .map(|unfit| (name.clone(), wrong(name, unfit))),
            );
        }
        for (name, put) in all {
            let answer = self.world.api(Method::PUT, &path, &admin(WORKSPACE), Some(&put)).await;
            let (key, field) = error_of(&answer);
            if !["request_malformed", "parameter_missing"].contains(&&*key)
                || field != format!("parameters.{name}")
            {
                return Err(format!(
                    "PUT without a good parameters.{name}: {} {}",
                    answer.status, answer.body
                ));
            }
        }
        Ok(())
    }

    /// Values that do not fit are refused, each by itself.
    pub(crate) async fn refuses_unfit(&self) -> Checked {
        let schema = self.service(|service| service.option["inputSchema"].clone());
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let fitting = self.service(|service| service.values.parameters[name].clone());
            for unfit in unfit(property, &fitting) {
                let mut entered = self.entered.clone();
                entered[name] = unfit;
                let answer = self.start_with(&entered).await;
                // Without the schema, a host could still refuse it.
                if error_of(&answer) != ("input_invalid".to_owned(), format!("connectionParameters.{name}")) {
                    return Err(format!(
                        "{name} takes what does not fit: {:?} {}",
                        error_of(&answer),
                        answer.body
                    ));
                }
            }
        }
        self.stage.done("what does not fit")
    }

    /// A start that gives these values.
    async fn start_with(&self, entered: &Value) -> Answer {
        let mut payload = self.payload();
        payload["connectionParameters"] = entered.clone();
        self.world.browser().send(Start::new().with(&payload).form()).await
    }

    /// The form asks for what the schema lists: required ones as such, sensitive ones masked, defaults filled in.
    pub(crate) fn check_form(&self, form: &Form) -> Checked {
        let schema = self.service(|service| service.option["inputSchema"].clone());
        let names: BTreeSet<&str> =
            schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let asked = form.controls.iter().filter_map(|control| control.name.strip_prefix("input/"));
        if asked.collect::<BTreeSet<_>>() != names {
            return Err(format!("the form asks for {:?}", form.asked()));
        }
        for control in form.controls.iter().filter(|control| control.name.starts_with("input/")) {
            let name = control.name.trim_start_matches("input/");
            let property = &schema["properties"][name];
            let is_masked = property["isSensitive"] == true || property["format"] == "password";
            if property.is_null() || is_masked != (control.kind == "password") {
                return Err(format!("the form asks for {control:?}"));
            }
            let is_required =
                schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
            if is_required != control.required {
                return Err(format!("the form asks for {control:?}"));
            }
            let default = crate::template::text(&property["default"]).unwrap_or_default();
            if matches!(&*control.kind, "text" | "select") && default != control.value {
                return Err(format!("the form begins with {control:?}"));
            }
        }
        Ok(())
    }
}
