//! What is entered is held to its schema: what does not fit is refused, and what is sensitive is not shown.

use serde_json::{Value, json};
use tests::form::Form;

use crate::Checked;
use crate::journey::{Journey, error_key};

/// A value that does not fit a property.
fn unfit(property: &Value) -> Option<Value> {
    let is_bound = property["pattern"].is_string() || property["enum"].is_array() || property["format"].is_string();
    match property["type"].as_str() {
        Some("string") if is_bound => Some(json!("\u{2602} does not fit")),
        Some("string") => Some(json!(["no text"])),
        Some(_) => Some(json!("does not fit")),
        None => None,
    }
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
        Ok(())
    }

    /// Values that do not fit are refused, each by itself.
    pub(crate) async fn refuses_unfit(&self) -> Checked {
        let schema = self.service(|service| service.option["inputSchema"].clone());
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let Some(unfit) = unfit(property) else { continue };
            let mut entered = self.entered.clone();
            entered[name] = unfit;
            let answer = self.start_with(&entered).await;
            if error_key(&answer) != "input_invalid" {
                return Err(format!("{name} takes what does not fit: {} {}", answer.status, answer.body));
            }
        }
        self.stage.done("what does not fit")
    }

    /// The form asks for what the schema lists: required ones as such, sensitive ones masked, defaults filled in.
    pub(crate) fn check_form(&self, form: &Form) -> Checked {
        let schema = self.service(|service| service.option["inputSchema"].clone());
        for control in form.controls.iter().filter(|control| control.name.starts_with("input/")) {
            let name = control.name.trim_start_matches("input/");
            let property = &schema["properties"][name];
            let is_masked = property["isSensitive"] == true || property["format"] == "password";
            if property.is_null() || is_masked != (control.kind == "password") {
                return Err(format!("the form asks for {control:?}"));
            }
            let is_required = schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
            if is_required != control.required {
                return Err(format!("the form asks for {control:?}"));
            }
            let default = crate::template::text(&property["default"]).unwrap_or_default();
            if control.kind != "select" && default != control.value {
                return Err(format!("the form begins with {control:?}"));
            }
        }
        Ok(())
    }
}
