//! `linkspan integration list`.

use serde_json::Value;

use crate::client::Client;
use crate::output::Output;
use crate::problem::Problem;

pub(super) async fn run(client: &Client, output: Output) -> Result<(), Problem> {
    let listed = client.get("/integrations").await?;
    if output.json {
        output.value(&listed);
        return Ok(());
    }
    let row = |item: &Value| {
        let types: Vec<&str> = item["authOptions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|it| it["type"].as_str())
            .collect();
        [text(&item["key"]), text(&item["name"]), types.join(", "), text(&item["state"]), text(&item["id"])]
    };
    let rows: Vec<_> = listed["items"].as_array().into_iter().flatten().map(row).collect();
    output.table(["KEY", "NAME", "OPTIONS", "STATE", "ID"], &rows);
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}
