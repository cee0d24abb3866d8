//! Counts by word, in as many parts as there are processors: each part has the words of one range of keys.
//!
//! The borders between the ranges come from the first words that are added, so they are about equally full; that is a
//! matter of speed alone. Each part has a thread, once there are many words, that adds what comes for it while the next
//! rows are read, and sorts its own at the end; as the ranges are in order so are the parts.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use crate::ordered::Ordered;
use crate::rows::{Order, Rows, Sorted, prefix};
use crate::slots::ask_for_large_pages;
use crate::vocabulary::{Hash, WRITING, append};

/// Rows below which one thread does the work.
const FEW: usize = 4096;
/// Words whose slots are asked for before the first is needed.
const BATCH: usize = 64;
/// Slots of a part that has its first word; a power of two.
const FIRST: usize = 1 << 10;
/// Batches that wait for a thread.
const WAITING: usize = 2;
/// Bytes of words from which on a batch is not left to wait.
const LARGE: usize = 2 << 20;

/// The words of one range of keys, looked up as in `Vocabulary` but by slots a quarter as large: most words that come
/// here are new, so the time goes into memory that is touched for the first time. A slot has the upper half of a word's
/// hash above, and below it the word's number and one; 0 is free.
#[derive(Default)]
struct Part {
    hash: Hash,
    slots: Vec<u64>,
    rows: Rows,
    longest: usize,
}

impl Part {
    /// Add the rows of a batch that are picked for it. Their slots are read some ahead, since nearly each is far away.
    fn add(&mut self, rows: &Rows, picked: &[u32]) {
        let mut hashes = [0; BATCH];
        for picked in picked.chunks(BATCH) {
            self.make_room(picked.len());
            picked.iter().zip(&mut hashes).for_each(|(&at, hash)| *hash = self.hash.of(rows.word(at as usize)));
            let known = hashes[..picked.len()].iter();
            std::hint::black_box(known.fold(0, |sum, &hash| sum ^ self.slots[self.place(hash)]));
            for (&at, hash) in picked.iter().zip(hashes) {
                self.add_one(rows.word(at as usize), hash, rows.counts[at as usize]);
            }
        }
    }

    fn add_one(&mut self, word: &[u8], hash: u64, count: u64) {
        let mut place = self.place(hash);
        while self.slots[place] != 0 {
            let number = (self.slots[place] as u32 - 1) as usize;
            if self.slots[place] >> 32 == hash >> 32 && self.rows.word(number) == word {
                self.rows.counts[number] += count;
                return;
            }
            place = self.after(place);
        }
        let number = u32::try_from(self.rows.len() + 1).expect("memory ends before numbers do");
        self.slots[place] = hash >> 32 << 32 | u64::from(number);
        append(&mut self.rows.bytes, word);
        self.longest = self.longest.max(word.len());
        self.rows.ends.push(self.rows.bytes.len());
        self.rows.counts.push(count);
    }

    /// Make sure that so many words more leave a quarter of the slots free.
    fn make_room(&mut self, more: usize) {
        let needed = (self.rows.len() + more) * 4 / 3 + 1;
        if needed > self.slots.len() {
            let before = std::mem::replace(&mut self.slots, vec![0; needed.next_power_of_two().max(FIRST)]);
            ask_for_large_pages(&self.slots);
            for slot in before.into_iter().filter(|&slot| slot != 0) {
                let mut place = self.place(slot);
                while self.slots[place] != 0 {
                    place = self.after(place);
                }
                self.slots[place] = slot;
            }
        }
    }

    /// Make room for so many words, of which these are some.
    fn expect(&mut self, words: usize, some: &Rows) {
        if words > 0 {
            self.make_room(words);
            self.rows.expect(words, some.bytes.len(), some.len());
        }
    }

    /// Return where a look-up begins, from the upper half of a hash alone: that is what a slot keeps of it.
    fn place(&self, hash: u64) -> usize {
        (((hash >> 32) * self.slots.len() as u64) >> 32) as usize
    }

    fn after(&self, place: usize) -> usize {
        (place + 1) & (self.slots.len() - 1)
    }

    fn memory(&self) -> usize {
        8 * self.slots.len() + self.rows.memory() + WRITING * self.longest
    }

    fn take(&mut self) -> Rows {
        std::mem::take(self).rows
    }
}

/// Rows on their way to the parts.
struct Batch {
    rows: Rows,
    /// The rows' places, those for the first part first, and where those for each part begin and the last ones end.
    places: Vec<u32>,
    starts: Vec<usize>,
}

impl Batch {
    /// Choose the part of each row by the first keys of all parts but the first.
    fn new(rows: Rows, borders: &[u64]) -> Self {
        let part = |at| borders.partition_point(|&border| border <= prefix(rows.word(at)));
        let chosen: Vec<usize> = (0..rows.len()).map(part).collect();
        let mut starts = vec![0; borders.len() + 2];
        chosen.iter().for_each(|&part| starts[part + 1] += 1);
        (1..starts.len()).for_each(|part| starts[part] += starts[part - 1]);
        let (mut places, mut next) = (vec![0; rows.len()], starts.clone());
        for (at, part) in chosen.into_iter().enumerate() {
            places[next[part]] = at as u32;
            next[part] += 1;
        }
        Self { rows, places, starts }
    }

    fn picked(&self, part: usize) -> &[u32] {
        &self.places[self.starts[part]..self.starts[part + 1]]
    }
}

enum Message {
    Add(Arc<Batch>),
    /// Tell that all before was done.
    Tell(SyncSender<()>),
    /// Sort what there is, and end.
    Sort(Order),
}

/// A part in a thread of its own.
struct Worker {
    messages: SyncSender<Message>,
    /// The part's memory after its last batch.
    memory: Arc<AtomicUsize>,
    thread: JoinHandle<Option<Sorted>>,
}

impl Worker {
    /// Start with the part of this number, which is to have room for so many words, of which a batch has some.
    fn start(number: usize, mut part: Part, expected: usize, batch: Arc<Batch>) -> Self {
        let (messages, coming) = sync_channel(WAITING);
        let memory = Arc::new(AtomicUsize::new(part.memory()));
        let told = memory.clone();
        let thread = thread::spawn(move || {
            part.expect(expected, &batch.rows);
            drop(batch);
            work(number, part, &coming, &told)
        });
        Self { messages, memory, thread }
    }

    fn send(&self, message: Message) {
        self.messages.send(message).expect("a thread ends once it has sorted");
    }
}

/// Do what a part is asked for; None where nobody asks for its rows any more.
fn work(number: usize, mut part: Part, coming: &Receiver<Message>, memory: &AtomicUsize) -> Option<Sorted> {
    for message in coming {
        match message {
            Message::Add(batch) => {
                part.add(&batch.rows, batch.picked(number));
                memory.store(part.memory(), Ordering::Relaxed); // before the batch goes, which says that it is done
            }
            Message::Tell(done) => drop(done),
            Message::Sort(order) => return Some(part.take().sorted(order)),
        }
    }
    None
}

/// Counts by word.
pub struct Tally {
    /// Empty while they are in threads.
    parts: Vec<Part>,
    workers: Vec<Worker>,
    /// The last batches that went to the threads.
    sent: VecDeque<Arc<Batch>>,
    /// The first key of each part but the first; None before the first words.
    borders: Option<Vec<u64>>,
    threads: usize,
    /// Words for which room is made with the first ones.
    expected: usize,
}

impl Tally {
    /// Make an empty one that works in so many threads, and has room for so many words once the first come: then they are
    /// not all moved each time that it has twice as many.
    #[must_use]
    pub fn new(threads: usize, expected: usize) -> Self {
        let threads = threads.max(1);
        Self { parts: parts(threads), workers: Vec::new(), sent: VecDeque::new(), borders: None, threads, expected }
    }

    /// Return about the bytes that the words take, with what sorting them and writing the longest takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let here: usize = self.parts.iter().map(Part::memory).sum();
        let sent: usize = self.sent.iter().filter(|one| is_waited_for(one)).map(|one| one.rows.memory()).sum();
        fence(Ordering::Acquire); // a batch that is waited for no more is in its parts' memory, which is read after it
        here + sent + self.workers.iter().map(|one| one.memory.load(Ordering::Relaxed)).sum::<usize>()
    }

    /// Add each row's count to its word, some time before the rows are taken.
    ///
    /// # Panics
    /// Where a thread did.
    pub fn add(&mut self, rows: Rows) {
        if rows.is_empty() {
            return;
        }
        let borders = self.borders.get_or_insert_with(|| borders(&rows, self.threads));
        let batch = Arc::new(Batch::new(rows, borders));
        let expected = std::mem::take(&mut self.expected) / self.threads;
        let few = self.parts.iter().map(|part| part.rows.len()).sum::<usize>() + batch.rows.len() < FEW;
        if self.threads == 1 || (few && self.workers.is_empty()) {
            for (number, part) in self.parts.iter_mut().enumerate() {
                part.expect(expected, &batch.rows);
                part.add(&batch.rows, batch.picked(number));
            }
            return;
        }
        let parts = std::mem::take(&mut self.parts).into_iter().enumerate();
        self.workers.extend(parts.map(|(number, part)| Worker::start(number, part, expected, batch.clone())));
        while self.sent.front().is_some_and(|one| !is_waited_for(one)) {
            self.sent.pop_front();
        }
        self.workers.iter().for_each(|one| one.send(Message::Add(batch.clone())));
        let large = batch.rows.bytes.len() >= LARGE;
        self.sent.push_back(batch);
        if large {
            self.wait();
        }
    }

    /// Wait until all that was sent is added.
    fn wait(&mut self) {
        let (done, told) = sync_channel(0);
        self.workers.iter().for_each(|one| one.send(Message::Tell(done.clone())));
        drop(done);
        let _ = told.recv(); // an error, once all have dropped theirs
        self.sent.clear();
    }

    /// Give all rows in an order and be empty.
    ///
    /// # Panics
    /// Where a thread did.
    pub fn take(&mut self, order: Order) -> Ordered {
        let here = std::mem::replace(&mut self.parts, parts(self.threads)).into_iter();
        let mut sorted: Vec<Sorted> = here.map(|mut part| part.take().sorted(order)).collect();
        self.sent.clear();
        self.workers.iter().for_each(|one| one.send(Message::Sort(order)));
        let there = self.workers.drain(..).map(|one| one.thread.join());
        sorted.extend(there.map(|one| one.expect("sorting cannot fail").expect("it was asked to")));
        Ordered::new(sorted, order)
    }
}

fn parts(threads: usize) -> Vec<Part> {
    (0..threads).map(|_| Part::default()).collect()
}

/// Tell whether a thread has this batch before it.
fn is_waited_for(batch: &Arc<Batch>) -> bool {
    Arc::strong_count(batch) > 1
}

fn borders(rows: &Rows, parts: usize) -> Vec<u64> {
    if parts == 1 {
        return Vec::new();
    }
    let mut keys: Vec<u64> = (0..rows.len()).map(|at| prefix(rows.word(at))).collect();
    keys.sort_unstable();
    (1..parts).map(|part| keys[part * keys.len() / parts]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{MOST_BYTES, told};

    #[test]
    fn word_that_is_alone_is_given_without_a_copy() {
        let mut tally = Tally::new(1, 0);
        let mut rows = Rows::default();
        rows.push(&vec![b'x'; MOST_BYTES + 1], 3);
        tally.add(rows.clone());
        assert!(tally.memory() > (1 + WRITING) * MOST_BYTES);
        let place = tally.parts[0].rows.bytes.as_ptr();
        let mut ordered = tally.take(Order::Word);
        let found = ordered.piece();
        assert_eq!((found.bytes.as_ptr(), &found), (place, &rows));
        assert!(ordered.piece().is_empty());
        assert!(tally.memory() < MOST_BYTES);
    }

    #[test]
    fn room_is_made_for_words_of_usual_length_alone() {
        let mut tally = Tally::new(1, 1_000);
        let mut rows = Rows::default();
        rows.push(&vec![b'x'; 1 << 20], 3);
        tally.add(rows);
        let rows = &tally.parts[0].rows;
        assert!(rows.counts.capacity() >= 1_000 && rows.bytes.capacity() < 2 << 20);
    }

    fn all(tally: &mut Tally, order: Order) -> Vec<(String, u64)> {
        let mut ordered = tally.take(order);
        let mut found = Vec::new();
        loop {
            let rows = ordered.piece();
            if rows.is_empty() {
                return found;
            }
            found.extend(told(&rows));
        }
    }

    fn batches() -> Vec<Rows> {
        let word = |one: usize| format!("{}{}", ["", "x", "a longer beginning ", "é"][one % 4], one * 7919 % 20_011);
        (0..6)
            .map(|batch| {
                let mut rows = Rows::default();
                (0..FEW + 100).for_each(|one| rows.push(word(batch * 2000 + one).as_bytes(), one as u64 % 5 + 1));
                rows
            })
            .collect()
    }

    #[test]
    fn words_of_one_hash_stay_apart() {
        let mut part = Part { hash: Hash { seeds: [0; 4] }, ..Part::default() };
        let words: Vec<String> = (0..FIRST + 9).map(|one| format!("w{one}")).collect();
        assert!(words.iter().all(|word| part.hash.of(word.as_bytes()) == part.hash.of(b"")));
        let table: Vec<(&str, u64)> = words.iter().map(|word| (word.as_str(), 3)).collect();
        let picked: Vec<u32> = (0..table.len() as u32).collect();
        (0..2).for_each(|_| part.add(&crate::rows::rows(&table), &picked));
        assert!(part.memory() > table.len() * 8 && part.slots.len() > part.rows.len());
        assert_eq!(told(&part.take()), words.into_iter().map(|word| (word, 6)).collect::<Vec<_>>());
        assert_eq!(part.memory(), 0);
    }

    #[test]
    fn any_number_of_threads_gives_the_same_rows() {
        let mut expected = std::collections::BTreeMap::new();
        for rows in batches() {
            told(&rows).into_iter().for_each(|(word, count)| *expected.entry(word).or_insert(0) += count);
        }
        let mut expected: Vec<(String, u64)> = expected.into_iter().collect();
        for order in [Order::Word, Order::Count] {
            if order == Order::Count {
                expected.sort_by_key(|row| u64::MAX - row.1);
            }
            for threads in [1, 2, 5] {
                let mut tally = Tally::new(threads, 9_000);
                batches().into_iter().for_each(|rows| tally.add(rows));
                assert!(tally.memory() > expected.len() * 40);
                assert_eq!(all(&mut tally, order), expected, "{threads} threads");
                assert_eq!(tally.memory(), 0);
            }
        }
    }

    #[test]
    fn what_waits_is_reckoned_with_and_long_words_do_not_wait() {
        let batch = |length: usize| {
            let mut rows = Rows::default();
            (0..FEW).for_each(|one| rows.push(format!("{one:0length$}").as_bytes(), 1));
            rows
        };
        let mut tally = Tally::new(2, 0);
        tally.add(batch(9));
        assert!(tally.memory() > 9 * FEW && tally.sent.len() == 1);
        tally.add(batch(LARGE / FEW));
        assert!(tally.memory() > LARGE && tally.sent.is_empty());
        assert_eq!(all(&mut tally, Order::Word).len(), 2 * FEW);
        assert_eq!((tally.memory(), tally.workers.len()), (0, 0));
    }

    #[test]
    fn tally_that_nobody_takes_from_ends_its_threads() {
        let mut tally = Tally::new(2, 0);
        tally.add(batches().remove(0));
        let threads: Vec<_> = tally.workers.drain(..).map(|one| one.thread).collect();
        assert!(threads.into_iter().all(|one| one.join().is_ok_and(|sorted| sorted.is_none())));
    }

    #[test]
    fn empty_tally_gives_nothing() {
        let mut tally = Tally::new(3, 10);
        tally.add(Rows::default());
        assert_eq!(all(&mut tally, Order::Count), []);
    }
}
