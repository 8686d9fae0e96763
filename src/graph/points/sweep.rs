//! Many losses at once: each has a lane, and one sweep along the course finds what all of them take Down.

use super::sweep_order::SweepOrder;

const WORDS: usize = 8;
/// How many losses are followed at once: as many as there are bits in a cache line.
pub(super) const LANES: usize = WORDS * 64;

/// A bit for each loss.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[repr(align(64))]
pub(super) struct BitRow([u64; WORDS]);

impl BitRow {
    pub const NONE: BitRow = BitRow([0; WORDS]);
    pub const ALL: BitRow = BitRow([u64::MAX; WORDS]);

    pub fn one(lane: usize) -> BitRow {
        let mut lanes = BitRow::NONE;
        lanes.0[lane / 64] = 1 << (lane % 64);
        lanes
    }
    pub fn has(&self, lane: usize) -> bool {
        self.0[lane / 64] >> (lane % 64) & 1 == 1
    }
    pub fn and(&self, other: &BitRow) -> BitRow {
        BitRow(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }
    fn is_none(&self) -> bool {
        self.0.iter().fold(0, |all, word| all | word) == 0
    }
    /// Takes in the lanes of another; says whether any is new.
    fn add(&mut self, other: &BitRow) -> bool {
        let mut new = 0;
        for (word, other) in self.0.iter_mut().zip(other.0) {
            new |= other & !*word;
            *word |= other;
        }
        new != 0
    }
    /// Adds a binary digit in each lane, and gives what is carried.
    fn carry(&mut self, other: &BitRow) -> BitRow {
        let carry = self.and(other);
        self.0 = std::array::from_fn(|word| self.0[word] ^ other.0[word]);
        carry
    }
}

/// A number for each lane, written upright: one row of bits for each binary digit, the lowest first.
#[derive(Debug, Default)]
pub(super) struct Counts {
    digits: Vec<BitRow>,
}

impl Counts {
    /// Starts all lanes with a number of so many digits.
    fn start(&mut self, number: u32, digits: u32) {
        self.digits.clear();
        self.digits.extend((0..digits).map(|digit| if number >> digit & 1 == 1 { BitRow::ALL } else { BitRow::NONE }));
    }

    /// Adds one at a digit in some lanes, and gives those where the number outgrew its digits and starts over.
    fn count(&mut self, lanes: &BitRow, from: usize) -> BitRow {
        let mut carry = *lanes;
        for digit in self.digits.iter_mut().skip(from) {
            carry = digit.carry(&carry);
            if carry.is_none() {
                break;
            }
        }
        carry
    }

    /// Adds a number in some lanes, digit by digit, taking on digits as needed.
    pub fn add(&mut self, number: u32, lanes: &BitRow) {
        let mut left = number;
        while left > 0 {
            let digit = left.trailing_zeros() as usize;
            left &= left - 1;
            if self.digits.len() < digit {
                self.digits.resize(digit, BitRow::NONE);
            }
            let carry = self.count(lanes, digit);
            if !carry.is_none() {
                self.digits.push(carry);
            }
        }
    }

    pub fn get(&self, lane: usize) -> u32 {
        self.digits.iter().rev().fold(0, |number, digit| number << 1 | u32::from(digit.has(lane)))
    }
}

/// What is Down at each place, in each lane.
pub(super) struct BitSweep<'a> {
    course: &'a SweepOrder,
    down: Vec<BitRow>,
    /// The places anything is Down at, in no order.
    touched: Vec<u32>,
    /// A bit for each place where something new is Down, or that has a member where something is.
    due: Vec<u64>,
    /// The first place that is due behind the current one.
    behind: Option<u32>,
    /// The places known to take the goal Down.
    fatal: Vec<bool>,
    members: Counts,
}

impl<'a> BitSweep<'a> {
    pub fn new(course: &'a SweepOrder) -> BitSweep<'a> {
        let places = course.places();
        let (down, due, fatal) = (vec![BitRow::NONE; places], vec![0; places.div_ceil(64)], vec![false; places]);
        BitSweep { course, down, touched: Vec::new(), due, behind: None, fatal, members: Counts::default() }
    }

    pub fn down(&self, place: u32) -> &BitRow {
        &self.down[place as usize]
    }
    pub fn touched(&self) -> &[u32] {
        &self.touched
    }

    /// Remembers that a place takes the goal Down, so that nothing has to be followed from there.
    pub fn settle(&mut self, place: u32) {
        self.fatal[place as usize] = true;
    }

    /// Forgets all losses.
    pub fn clear(&mut self) {
        for place in self.touched.drain(..) {
            self.down[place as usize] = BitRow::NONE;
        }
    }

    /// Takes a place Down in some lanes; says whether that is news in any.
    pub fn lose(&mut self, place: u32, lanes: &BitRow) -> bool {
        let down = &mut self.down[place as usize];
        let untouched = down.is_none();
        if !down.add(lanes) {
            return false;
        }
        if untouched {
            self.touched.push(place);
        }
        self.due[place as usize / 64] |= 1 << (place % 64);
        true
    }

    /// Follows all losses to their end: along the course, and around each circle until nothing more goes Down on it.
    pub fn run(&mut self) {
        let mut from = 0;
        let mut circle = None;
        loop {
            let next = self.due_from(from).filter(|place| self.behind.is_none() || circle == Some(self.course.circle(*place)));
            if let Some(place) = next {
                circle = Some(self.course.circle(place));
                self.visit(place);
                from = place + 1;
            } else if let Some(behind) = self.behind.take() {
                from = behind;
            } else {
                return;
            }
        }
    }

    fn due_from(&self, place: u32) -> Option<u32> {
        let first = place as usize / 64;
        let mut kept = u64::MAX << (place % 64);
        for (index, word) in self.due.iter().enumerate().skip(first) {
            if word & kept != 0 {
                return Some(index as u32 * 64 + (word & kept).trailing_zeros());
            }
            kept = u64::MAX;
        }
        None
    }

    /// Hands on what is Down at a place that is due.
    fn visit(&mut self, place: u32) {
        let course = self.course;
        if course.spare(place) > 0 {
            let broken = self.broken(place);
            let news = self.lose(place, &broken);
            self.due[place as usize / 64] &= !(1 << (place % 64));
            if !news {
                return;
            }
        }
        self.due[place as usize / 64] &= !(1 << (place % 64));
        let down = self.down[place as usize];
        if let (true, Some(goal)) = (self.fatal[place as usize], course.goal()) {
            self.hand_on(place, goal, &down);
            return;
        }
        for dependent in course.cascades(place) {
            self.hand_on(place, *dependent, &down);
        }
        for group in course.groups(place) {
            self.due[*group as usize / 64] |= 1 << (group % 64);
            self.notice(*group, place);
        }
    }

    fn hand_on(&mut self, place: u32, dependent: u32, down: &BitRow) {
        if self.lose(dependent, down) {
            self.notice(dependent, place);
        }
    }

    /// Remembers where to go on once the current circle has been gone around.
    fn notice(&mut self, due: u32, current: u32) {
        if due < current {
            self.behind = Some(self.behind.map_or(due, |behind| behind.min(due)));
        }
    }

    /// The lanes where a group has lost more than it can spare, and feels it.
    ///
    /// The count starts so high that it outgrows its digits with the first loss too many.
    fn broken(&mut self, group: u32) -> BitRow {
        let spare = self.course.spare(group);
        let digits = u32::BITS - spare.leading_zeros();
        self.members.start((1 << digits) - 1 - spare, digits);
        let (mut felt, mut over) = (BitRow::NONE, BitRow::NONE);
        for member in self.course.members(group) {
            let down = &self.down[member.place as usize];
            over.add(&self.members.count(down, 0));
            if member.felt {
                felt.add(down);
            }
        }
        over.and(&felt)
    }
}
