//! An alarm of the template, evaluated on metrics.

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;
use serde_json::Value;

use super::expression::{self, Values};
use super::metrics::{Metric, Metrics, statistic};
use super::template::{STACK, resources};

/// An alarm, as the template has it.
pub struct Alarm {
    /// Its name, without the stack's.
    pub name: String,
    /// Its properties.
    pub properties: Value,
}

/// Every alarm of the template.
#[must_use]
pub fn alarms() -> Vec<Alarm> {
    let resources = resources("infra/alarms.yaml");
    let alarms = resources.into_iter().filter(|(_, of)| of["Type"] == "AWS::CloudWatch::Alarm");
    alarms
        .map(|(_, mut of)| {
            let properties = of["Properties"].take();
            let name = properties["AlarmName"].as_str().unwrap();
            let name = name.strip_prefix(&format!("{STACK}-")).unwrap().to_owned();
            Alarm { name, properties }
        })
        .collect()
}

impl Alarm {
    /// Whether it is ever on in the time from the first period to the last whole one.
    pub(crate) fn is_set_off(&self, metrics: &Metrics, (from, to): (i64, i64)) -> bool {
        let of = &self.properties;
        let most = of["EvaluationPeriods"].as_u64().unwrap();
        let enough = of["DatapointsToAlarm"].as_u64().unwrap_or(most);
        let period = self.period();
        let periods: Vec<i64> =
            (from.div_euclid(period)..to.div_euclid(period)).map(|at| at * period).collect();
        self.series(metrics, &periods).iter().any(|values| {
            let breaches: Vec<bool> = values.iter().map(|value| self.breaches(*value)).collect();
            let latest = |end: usize| &breaches[end.saturating_sub(usize::try_from(most).unwrap())..end];
            let on = |end| latest(end).iter().filter(|breaches| **breaches).count() as u64 >= enough;
            (1..=breaches.len()).any(on)
        })
    }

    fn breaches(&self, value: Option<f64>) -> bool {
        let threshold = self.properties["Threshold"].as_f64().unwrap();
        let Some(value) = value else {
            return match self.properties["TreatMissingData"].as_str().unwrap() {
                "breaching" => true,
                "notBreaching" => false,
                other => panic!("a treatment that is not known here: {other}"),
            };
        };
        match self.properties["ComparisonOperator"].as_str().unwrap() {
            "GreaterThanOrEqualToThreshold" => value >= threshold,
            "LessThanThreshold" => value < threshold,
            other => panic!("an operator that is not known here: {other}"),
        }
    }

    /// The seconds of a period, as milliseconds. All parts of an alarm have the same.
    fn period(&self) -> i64 {
        let of = &self.properties;
        let parts = of["Metrics"].as_array().into_iter().flatten();
        let periods = parts.flat_map(|part| [&part["Period"], &part["MetricStat"]["Period"]]);
        let all: BTreeSet<i64> = periods.chain([&of["Period"]]).filter_map(Value::as_i64).collect();
        let [seconds] = all.into_iter().collect::<Vec<_>>()[..] else { panic!("{of}") };
        seconds * 1000
    }

    /// The time series that it looks at: one, or one for each group.
    fn series(&self, metrics: &Metrics, periods: &[i64]) -> Vec<Vec<Option<f64>>> {
        let of = &self.properties;
        let Some(parts) = of["Metrics"].as_array() else {
            return vec![self.values(metrics, (of, &of["Statistic"]), periods)];
        };
        let result = parts.iter().find(|part| part["ReturnData"] == true).unwrap();
        let expression = result["Expression"].as_str().unwrap();
        if let Some(query) = Query::read(expression) {
            return query.series(metrics, periods, self.period());
        }
        let inputs: Vec<(&str, Vec<Option<f64>>)> = parts
            .iter()
            .filter(|part| part["ReturnData"] == false)
            .map(|part| {
                let stat = &part["MetricStat"];
                let values = self.values(metrics, (&stat["Metric"], &stat["Stat"]), periods);
                (part["Id"].as_str().unwrap(), values)
            })
            .collect();
        let value = |at: usize| {
            let values: Values = inputs.iter().map(|(id, values)| ((*id).to_owned(), values[at])).collect();
            expression::value(expression, &values)
        };
        vec![(0..periods.len()).map(value).collect()]
    }

    fn values(&self, metrics: &Metrics, (of, stat): (&Value, &Value), periods: &[i64]) -> Vec<Option<f64>> {
        let dimensions = of["Dimensions"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let metric = Metric {
            namespace: text(&of["Namespace"]),
            name: text(&of["MetricName"]),
            dimensions: dimensions.map(|each| (text(&each["Name"]), text(&each["Value"]))).collect(),
        };
        let period = self.period();
        let values = periods.iter().map(|from| metrics.values(&metric, *from, period));
        values.map(|values| statistic(stat.as_str().unwrap(), &values)).collect()
    }
}

/// A query of Metrics Insights, in the one form that the template uses.
struct Query {
    function: String,
    name: String,
    namespace: String,
    stack: String,
    group: String,
}

impl Query {
    fn read(expression: &str) -> Option<Self> {
        if !expression.starts_with("SELECT") {
            return None;
        }
        let form = Regex::new(
            "^SELECT (AVG|SUM|MAX)\\((\\w+)\\) FROM SCHEMA\\(\"(\\w+)\", stack, (\\w+)\\) WHERE stack = '([\\w-]+)' \
             GROUP BY (\\w+) ORDER BY (AVG|SUM|MAX)\\(\\) DESC$",
        );
        let parts = form.unwrap().captures(expression).unwrap_or_else(|| panic!("{expression}"));
        let part = |at: usize| parts[at].to_owned();
        assert_eq!((&parts[1], &parts[4]), (&parts[7], &parts[6]), "{expression}");
        Some(Self { function: part(1), name: part(2), namespace: part(3), stack: part(5), group: part(4) })
    }

    fn series(&self, metrics: &Metrics, periods: &[i64], period: i64) -> Vec<Vec<Option<f64>>> {
        let dimensions = BTreeSet::from(["stack", &*self.group]);
        let mut groups: BTreeMap<&str, Vec<Option<f64>>> = BTreeMap::new();
        for metric in metrics.of_schema((&self.namespace, &self.name), &dimensions) {
            if metric.dimensions["stack"] == self.stack {
                let values = periods.iter().map(|from| metrics.values(metric, *from, period));
                let values = values.map(|values| statistic(&self.function, &values)).collect();
                groups.insert(&metric.dimensions[&self.group], values);
            }
        }
        groups.into_values().collect()
    }
}
