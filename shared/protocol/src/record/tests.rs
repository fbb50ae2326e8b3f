use std::time::Duration;

use super::*;

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

/// A clock that is asked twice for each wait.
struct Ticking(Mutex<i64>);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let mut now = self.0.lock().unwrap();
        *now += 5;
        Timestamp(*now)
    }
}

impl Random for Stopped {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn record() -> Record {
    Record::begin(
        Arc::new(Stopped),
        &Stopped,
        Invocation { request_id: Some("r1".to_owned()), ..Invocation::default() },
    )
}

fn line(record: &Record) -> (Level, Value) {
    let mut state = record.0.lock();
    let (level, line) = line::of(&record.0, &mut state);
    state.is_written = true;
    (level, Value::Object(line))
}

#[tokio::test]
async fn the_last_word_is_the_message_and_the_gravest_the_level() {
    let record = record();
    let work = async {
        About::Workspace.note("acme");
        notes(Remark::new(Level::Warn, "a note").with("host", Some("crm.example")));
        step("test");
        ends("first");
        step("save");
        ends(Remark::new(Level::Info, "last").with("status", Some(400)).with("cause", None::<&str>));
    };
    record.during(work).await;
    let (level, line) = line(&record);
    assert_eq!(level, Level::Warn);
    assert_eq!(
        line.to_string(),
        r#"{"timestamp":"1970-01-01T00:00:00.000Z","level":"WARN","message":"last","service":"linkspan","#
            .to_owned()
            + r#""reference":"00000000","function_request_id":"r1","workspace":"acme","step":"save","status":400,"duration_ms":0,"#
            + r#""notes":[{"level":"WARN","message":"a note","host":"crm.example"},"#
            + r#"{"level":"INFO","message":"first","step":"test"}]}"#
    );
}

#[tokio::test]
async fn work_in_a_task_of_its_own_fills_the_same_record() {
    let record = record();
    record.during(async { tokio::spawn(carried(async { ends("elsewhere") })).await.unwrap() }).await;
    assert_eq!(line(&record).1["message"], "elsewhere");
}

#[tokio::test]
async fn what_is_said_after_the_answer_is_a_second_line_with_the_same_ids() {
    let record = record();
    record.during(async { About::Flow.note("f1") }).await;
    assert_eq!(line(&record).1.get("after_answer"), None);
    let reference = Reference::parse("12345678").unwrap();
    let flow_s = async {
        refer(Some(reference));
        assert_eq!(super::reference(), Some(reference));
        ends("credentials renewed");
    };
    record.during(flow_s).await;
    let (_, late) = line(&record);
    for (field, value) in [
        ("after_answer", Value::Bool(true)),
        ("flow", "f1".into()),
        ("function_request_id", "r1".into()),
        ("reference", "12345678".into()),
    ] {
        assert_eq!(late[field], value, "{late}");
    }
    assert_eq!(late["message"], "credentials renewed");
}

#[tokio::test]
async fn each_wait_counts_for_whom_it_was() {
    let record = record();
    let ticking = Ticking(Mutex::new(0));
    let waits = async {
        Wait::Provider.spent(&ticking, std::future::ready(())).await;
        Wait::Provider.spent(&ticking, std::future::ready(())).await;
        Wait::Kms.spent(&ticking, tokio::time::sleep(Duration::ZERO)).await;
    };
    record.during(waits).await;
    let (_, line) = line(&record);
    assert_eq!((&line["provider_ms"], &line["kms_ms"]), (&10.into(), &5.into()));
    assert_eq!(line.get("dynamodb_ms"), None);
}

#[tokio::test]
async fn what_is_measured_is_in_the_line_though_it_be_nothing() {
    let record = record();
    let work = async {
        Measure::Overdue.add(0);
        Measure::DynamoDbThrottled.add(2);
        Measure::DynamoDbThrottled.add(1);
    };
    record.during(work).await;
    let (_, measured) = line(&record);
    assert_eq!((&measured["overdue_ms"], &measured["dynamodb_throttled"]), (&0.into(), &3.into()));
    let other = self::record();
    assert_eq!(line(&other).1.get("overdue_ms"), None);
}

#[test]
fn outside_of_all_work_nothing_is_kept() {
    ends("said to nobody's record");
    assert_eq!(reference(), None);
    About::Flow.note("f1");
}
