package athanor.kernels.random;

/// What a row of random numbers depends on: 64 bits of key and 64 bits of stream. [#derive] makes
/// independent keys of one, as for an epoch, a sample, a purpose.
public record PhiloxKey(long key, long stream) {

    public static PhiloxKey of(long seed) {
        return new PhiloxKey(seed, 0);
    }

    /// A key of its own for a number; equal numbers give equal keys.
    public PhiloxKey derive(long number) {
        return new PhiloxKey(key, mix(stream + 0x9E3779B97F4A7C15L * (number + 1)));
    }

    /// A key of its own for a name.
    public PhiloxKey derive(String name) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
        }
        return derive(hash);
    }

    /// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
