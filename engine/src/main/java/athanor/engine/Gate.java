package athanor.engine;

/// Where a gradient dy passes through what lies behind a norm: it is dropped where the result of a
/// ReLU was 0.
public sealed interface Gate {
    /// No ReLU: all of dy passes.
    record Open() implements Gate {}

    /// dy passes where the result, which was kept, is above 0.
    record Result(Buffer y) implements Gate {}

    /// dy passes where `scale x + shift` is above 0, one scale and shift a channel: nothing was
    /// added to it, so the result itself need not be read, or kept.
    record Normalized(Buffer scale, Buffer shift) implements Gate {}
}
