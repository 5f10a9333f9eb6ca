package athanor.train.data;

/// The part of a data set that is learned from, and the part that judges what was learned.
public enum Split {
    TRAIN,
    TEST
}
