//! What `CloudWatch` takes out of lines in the embedded metric format.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::percentile::percentile;

/// A metric: its namespace, its name, and its dimensions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Metric {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) dimensions: BTreeMap<String, String>,
}

/// The values of each metric, with their times in milliseconds.
#[derive(Default)]
pub struct Metrics(BTreeMap<Metric, Vec<(i64, f64)>>);

impl Metrics {
    /// Those of all lines. A line that the format does not allow is refused.
    pub(crate) fn of(lines: &[Value]) -> Self {
        let mut metrics = Self::default();
        for line in lines.iter().filter(|line| line.get("_aws").is_some()) {
            let at = line["_aws"]["Timestamp"].as_i64().unwrap();
            for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
                let dimensions = directive["Dimensions"].as_array().unwrap();
                for (set, metric) in dimensions.iter().flat_map(|set| {
                    directive["Metrics"].as_array().unwrap().iter().map(move |metric| (set, metric))
                }) {
                    let name = metric["Name"].as_str().unwrap().to_owned();
                    let value = line[&name].as_f64().unwrap_or_else(|| panic!("{name} is no number: {line}"));
                    let dimensions = set.as_array().unwrap().iter().map(|dimension| of_line(line, dimension));
                    let namespace = directive["Namespace"].as_str().unwrap().to_owned();
                    let metric = Metric { namespace, name, dimensions: dimensions.collect() };
                    metrics.0.entry(metric).or_default().push((at, value));
                }
            }
        }
        metrics
    }

    /// The names of all.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        self.0.keys().map(|metric| &*metric.name).collect()
    }

    /// The values of a metric in a period, which begins at `from`.
    pub(crate) fn values(&self, metric: &Metric, from: i64, period: i64) -> Vec<f64> {
        let all = self.0.get(metric).into_iter().flatten();
        all.filter(|(at, _)| (from..from + period).contains(at)).map(|(_, value)| *value).collect()
    }

    /// The metrics of this name with exactly these dimensions.
    pub(crate) fn of_schema<'a>(
        &'a self,
        (namespace, name): (&'a str, &'a str),
        dimensions: &'a BTreeSet<&str>,
    ) -> impl Iterator<Item = &'a Metric> {
        self.0.keys().filter(move |metric| {
            let has: BTreeSet<&str> = metric.dimensions.keys().map(|name| &**name).collect();
            (&*metric.namespace, &*metric.name) == (namespace, name) && has == *dimensions
        })
    }
}

/// A dimension's value is a member of the line, and a text.
fn of_line(line: &Value, dimension: &Value) -> (String, String) {
    let name = dimension.as_str().unwrap();
    let value = line[name].as_str().unwrap_or_else(|| panic!("{name} is no text: {line}"));
    (name.to_owned(), value.to_owned())
}

/// A statistic of a period's values; nothing if there are none.
pub(crate) fn statistic(name: &str, values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "there are few")]
    let count = values.len() as f64;
    let sum: f64 = values.iter().sum();
    Some(match name {
        "Sum" | "SUM" => sum,
        "Average" | "AVG" => sum / count,
        "SampleCount" => count,
        "Maximum" | "MAX" => values.iter().copied().fold(f64::MIN, f64::max),
        "p95" => {
            let mut sorted = values.to_vec();
            sorted.sort_by(f64::total_cmp);
            percentile(&sorted, 95)?
        }
        other => panic!("a statistic that is not known here: {other}"),
    })
}
