//! A workspace's values, sealed under the present wrapping key.

use http::Method;
use serde_json::json;

use crate::World;
use crate::tokens::{ROOT, WORKSPACE, admin};

impl World {
    /// Seals all that the workspace has, part by part. Returns how many values were sealed anew, and how many were not.
    pub async fn reseal(&self) -> (u64, u64) {
        let (mut resealed, mut unchanged, mut query) = (0, 0, String::new());
        loop {
            let path = format!("/workspaces/{WORKSPACE}/reseal{query}");
            let answer = self.api(Method::POST, &path, &admin(ROOT), None).await.json();
            assert_eq!(answer["failed"], json!([]), "{answer}");
            resealed += answer["resealed"].as_u64().unwrap();
            unchanged += answer["unchanged"].as_u64().unwrap();
            let Some(cursor) = answer["cursor"].as_str() else { return (resealed, unchanged) };
            query = format!("?cursor={cursor}");
        }
    }
}
