//! Each connector of the catalogue, from its `PUT` to its revocation, against a service that its definition describes.
//!
//! The service is made from the definition's raw JSON and knows nothing of the product's code. Every request is checked to
//! the last parameter.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

mod answers;
mod entered;
mod expected;
mod flow;
mod journey;
mod jwt;
mod oauth1;
mod pattern;
mod probes;
mod service;
mod stage;
mod template;
mod tokens;

/// What went well, or the first thing that did not.
pub(crate) type Checked<T = ()> = Result<T, String>;

#[cfg(test)]
mod all {
    use serde_json::Value;

    fn definition(key: &str) -> Value {
        let definition = catalogue::connector(key).unwrap().details().definition;
        let mut definition = Value::Object(definition);
        definition["key"] = key.into();
        definition
    }

    #[tokio::test(start_paused = true)]
    async fn slice() {
        let only = std::env::var("ONLY").unwrap_or("asana".to_owned());
        let mut bad = 0;
        for connector in catalogue::all().filter(|c| only == "all" || only.split(',').any(|o| o == c.key)) {
            let definition = definition(connector.key);
            let world = crate::flow::world().await;
            for place in 0..definition["authOptions"].as_array().unwrap().len() {
                let put = serde_json::json!({ "connector": connector.key });
                match crate::flow::whole(&world, &definition, place, &put).await {
                    Ok(steps) => println!("ok {} {} {steps:?}", connector.key, definition["authOptions"][place]["key"]),
                    Err(problem) => { bad += 1; println!("BAD {} {} {problem}", connector.key, definition["authOptions"][place]["key"]) }
                }
            }
        }
        assert_eq!(bad, 0);
    }
}
