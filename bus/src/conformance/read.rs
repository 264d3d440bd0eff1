//! Reading: positions, waiting, cancelling.

use super::{
    Factory, TOPIC, append, keyed, lag, numbered, offsets_after, read, reader, soon, sorted_numbers, sorted_texts, text,
};
use crate::log::{BusError, Lag};
use crate::record::Offsets;

/// A committed offset is that of the next record: reading goes on there after a restart.
pub async fn a_reader_goes_on_where_its_group_committed(factory: &dyn Factory) {
    let bus = factory.open().await;
    append(&*bus, (0..10).map(|number| keyed(0, number.to_string())).collect()).await;
    let mut first = reader(&*bus).await;
    let records = read(&mut *first, 7).await;
    soon(first.commit(&offsets_after(&records[..4]))).await.expect("a commit works");
    drop(first);
    drop(bus);
    let bus = factory.open().await;
    let records = read(&mut *reader(&*bus).await, 6).await;
    assert_eq!(records.iter().map(text).collect::<Vec<_>>(), ["4", "5", "6", "7", "8", "9"]);
}

/// What was read but not committed is read again by the next reader of the group.
pub async fn what_was_not_committed_is_read_again(factory: &dyn Factory) {
    let bus = factory.open().await;
    append(&*bus, numbered(20)).await;
    let mut first = reader(&*bus).await;
    read(&mut *first, 20).await;
    drop(first);
    let again = read(&mut *reader(&*bus).await, 20).await;
    assert_eq!(sorted_texts(&again), sorted_numbers(20));
}

/// A reader reads from wherever it is moved to; a partition that the offsets do not name is read from its beginning.
pub async fn a_seek_moves_back_and_forth(factory: &dyn Factory) {
    let bus = factory.open().await;
    append(&*bus, (0..10).map(|number| keyed(0, number.to_string())).collect()).await;
    let mut reader = reader(&*bus).await;
    let all = read(&mut *reader, 10).await;
    for end in [3, 9, 1] {
        soon(reader.seek(&offsets_after(&all[..end]))).await.expect("a seek works");
        assert_eq!(read(&mut *reader, 10 - end).await, all[end..]);
    }
    soon(reader.seek(&Offsets::default())).await.expect("a seek works");
    assert_eq!(read(&mut *reader, 10).await, all);
    soon(reader.seek(&offsets_after(&all))).await.expect("the end itself is not beyond it");
    append(&*bus, vec![keyed(0, "new")]).await;
    assert_eq!(text(&read(&mut *reader, 1).await[0]), "new");
}

/// Offsets that the log does not reach are refused, and the reader stays where it was.
pub async fn a_seek_beyond_the_end_is_refused(factory: &dyn Factory) {
    let bus = factory.open().await;
    append(&*bus, numbered(20)).await;
    let mut reader = reader(&*bus).await;
    let all = read(&mut *reader, 20).await;
    let mut beyond = offsets_after(&all);
    let (&partition, wanted) = beyond.0.iter_mut().next_back().expect("20 records lie somewhere");
    let end = *wanted;
    *wanted += 1;
    let wanted = *wanted;
    let error = soon(reader.seek(&beyond)).await.expect_err("beyond the end");
    assert_eq!(error, BusError::BeyondEnd { topic: TOPIC.name(), partition, wanted, end });
    append(&*bus, vec![keyed(0, "new")]).await;
    assert_eq!(text(&read(&mut *reader, 1).await[0]), "new");
}

/// A reader that waits gets what is appended meanwhile.
pub async fn a_waiting_reader_is_woken(factory: &dyn Factory) {
    let bus = factory.open().await;
    let mut reader = reader(&*bus).await;
    for number in 0..20 {
        let waiting = tokio::spawn(async move {
            let records = read(&mut *reader, 1).await;
            (reader, records)
        });
        append(&*bus, vec![keyed(number, number.to_string())]).await;
        let (back, records) = soon(waiting).await.expect("the reader does not panic");
        assert_eq!(text(&records[0]), number.to_string());
        reader = back;
    }
}

/// A call of `next` that is dropped, wherever it stands, loses nothing and repeats nothing.
pub async fn a_cancelled_read_has_read_nothing(factory: &dyn Factory) {
    let bus = factory.open().await;
    let mut reader = reader(&*bus).await;
    let mut records = Vec::new();
    for round in 0..50_u32 {
        let number = u64::from(round);
        append(&*bus, vec![keyed(number, number.to_string())]).await;
        let patience = async {
            for _ in 0..round % 7 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            read = reader.next(3) => records.extend(read.expect("reading works")),
            () = patience => {}
        }
    }
    let missing = 50 - records.len();
    records.extend(read(&mut *reader, missing).await);
    assert_eq!(sorted_texts(&records), sorted_numbers(50));
}

/// The lag is what was appended and not committed, whether or not it was read.
pub async fn lag_counts_what_is_not_committed(factory: &dyn Factory) {
    let bus = factory.open().await;
    let total = |lags: Vec<Lag>| lags.iter().map(Lag::records).sum::<u64>();
    assert_eq!(total(lag(&*bus).await), 0);
    append(&*bus, numbered(30)).await;
    let mut reader = reader(&*bus).await;
    assert_eq!(total(lag(&*bus).await), 30);
    let records = read(&mut *reader, 30).await;
    assert_eq!(total(lag(&*bus).await), 30);
    let offsets = offsets_after(&records);
    soon(reader.commit(&offsets)).await.expect("a commit works");
    for lag in lag(&*bus).await {
        assert_eq!((lag.committed, lag.records()), (offsets.next(lag.partition), 0));
    }
}
