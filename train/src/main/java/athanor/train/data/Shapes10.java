package athanor.train.data;

import athanor.kernels.random.Philox;
import athanor.kernels.random.PhiloxKey;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;

/// Ten classes of 32x32 colour images that the program draws itself: one figure of any place, size,
/// turn and colour on a background that runs from one colour to another, with strokes in the way
/// and noise over all. An image depends on seed, split and number alone. Colours say nothing about
/// the class, so a linear classifier stays near chance; a small residual network learns it in a few
/// epochs.
public final class Shapes10 {
    private static final int SIDE = 32;
    private static final ImageShape SHAPE = new ImageShape(SIDE, SIDE, 3);

    /// Points per pixel and axis at which a figure is asked whether it covers them.
    private static final int SAMPLES = 3;

    private Shapes10() {}

    /// A figure in its own coordinates: its middle at (0, 0), its rim about 1 away, v downwards.
    @FunctionalInterface
    private interface Region {
        boolean covers(float u, float v);
    }

    @SuppressWarnings("ImmutableEnumChecker") // the regions keep nothing
    private enum Figure {
        DISC(180, (u, v) -> u * u + v * v < 0.72f),
        RING(180, (u, v) -> between(u * u + v * v, 0.3f, 0.9f)),
        SQUARE(180, (u, v) -> farther(u, v) < 0.75f),
        FRAME(180, (u, v) -> between(farther(u, v), 0.48f, 0.85f)),
        TRIANGLE(180, (u, v) -> v < 0.5f && 1.7320508f * Math.abs(u) - v < 1),
        CROSS(180, (u, v) -> Math.min(Math.abs(u), Math.abs(v)) < 0.28f && farther(u, v) < 0.95f),
        STAR(180, Shapes10::inStar),
        HORIZONTAL_BARS(15, (u, v) -> farther(u, v) < 0.9f && (int) ((v + 0.9f) / 0.36f) % 2 == 0),
        VERTICAL_BARS(15, (u, v) -> farther(u, v) < 0.9f && (int) ((u + 0.9f) / 0.36f) % 2 == 0),
        CHECKERBOARD(
                180,
                (u, v) ->
                        farther(u, v) < 0.9f
                                && ((int) ((u + 0.9f) / 0.45f) + (int) ((v + 0.9f) / 0.45f)) % 2
                                        == 0);

        /// The most it is turned either way, in degrees.
        final int turn;

        final Region region;

        Figure(int turn, Region region) {
            this.turn = turn;
            this.region = region;
        }
    }

    private static boolean between(float value, float low, float high) {
        return low < value && value < high;
    }

    private static float farther(float u, float v) {
        return Math.max(Math.abs(u), Math.abs(v));
    }

    /// The lines through the edges of a five-pointed star: its middle lies within all five, its
    /// points within four.
    private static boolean inStar(float u, float v) {
        int within = 0;
        for (int i = 0; i < 5; i++) {
            if (STAR_NORMALS[2 * i] * u + STAR_NORMALS[2 * i + 1] * v < 0.38f) {
                within++;
            }
        }
        return within >= 4 && u * u + v * v < 1.6f;
    }

    private static final float[] STAR_NORMALS = new float[10];

    static {
        for (int i = 0; i < 5; i++) {
            STAR_NORMALS[2 * i] = (float) StrictMath.sin(2 * StrictMath.PI * i / 5);
            STAR_NORMALS[2 * i + 1] = (float) StrictMath.cos(2 * StrictMath.PI * i / 5);
        }
    }

    /// 8,000 images to train on or 2,000 to test on, the same on every machine.
    public static Dataset draw(Split split) {
        return draw(split, split == Split.TRAIN ? 8_000 : 2_000, 0);
    }

    /// That many images, the classes in turn.
    public static Dataset draw(Split split, int count, long seed) {
        PhiloxKey key = PhiloxKey.of(seed).derive("shapes10").derive(split.name());
        return new Drawings(key, new AtomicReferenceArray<>(count));
    }

    /// An image is drawn when it is first asked for, and kept: a training need not wait for 10,000
    /// of them before its first step. Two threads that ask at once draw the same.
    private record Drawings(PhiloxKey key, AtomicReferenceArray<byte[]> images) implements Dataset {
        private static final Figure[] FIGURES = Figure.values();

        @Override
        public String name() {
            return "shapes10";
        }

        @Override
        public int size() {
            return images.length();
        }

        @Override
        public List<String> classNames() {
            return Arrays.stream(FIGURES)
                    .map(f -> f.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                    .toList();
        }

        @Override
        public ImageShape shape() {
            return SHAPE;
        }

        @Override
        public int label(int index) {
            return Objects.checkIndex(index, size()) % FIGURES.length;
        }

        @Override
        public void read(int index, byte[] into) {
            byte[] image = images.get(index);
            if (image == null) {
                image = drawn(index);
                images.set(index, image);
            }
            System.arraycopy(image, 0, into, 0, image.length);
        }

        private byte[] drawn(int index) {
            float[] canvas = new float[SHAPE.size()];
            byte[] pixels = new byte[SHAPE.size()];
            Draws draws = new Draws(key.derive(index));
            paint(canvas, FIGURES[label(index)], draws);
            develop(canvas, draws, pixels);
            return pixels;
        }
    }

    private static void paint(float[] canvas, Figure figure, Draws draws) {
        float[] from = draws.colour();
        float[] to = draws.colour();
        float[] inner = draws.colour();
        while (distance(inner, from) < 0.3f || distance(inner, to) < 0.3f) {
            inner = draws.colour();
        }
        gradient(canvas, from, to, draws.between(-180, 180));
        int strokes = draws.below(3);
        for (int i = 0; i < strokes; i++) {
            stroke(canvas, draws);
        }
        float radius = draws.between(7, 13);
        float margin = Math.min(SIDE / 2f, radius + 1);
        float x = draws.between(margin, SIDE - margin);
        float y = draws.between(margin, SIDE - margin);
        stamp(
                canvas,
                figure.region,
                x,
                y,
                radius,
                radius,
                draws.between(-figure.turn, figure.turn),
                inner);
        if (draws.below(2) == 0) {
            stroke(canvas, draws);
        }
    }

    private static float distance(float[] a, float[] b) {
        return (Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]) + Math.abs(a[2] - b[2])) / 3;
    }

    /// A background from one colour to another along a direction.
    private static void gradient(float[] canvas, float[] from, float[] to, float degrees) {
        double angle = StrictMath.toRadians(degrees);
        float dx = (float) StrictMath.cos(angle);
        float dy = (float) StrictMath.sin(angle);
        for (int i = 0; i < SIDE * SIDE; i++) {
            float along =
                    ((i % SIDE - SIDE / 2) * dx + (i / SIDE - SIDE / 2) * dy) / (1.5f * SIDE)
                            + 0.5f;
            for (int c = 0; c < 3; c++) {
                canvas[3 * i + c] = from[c] + along * (to[c] - from[c]);
            }
        }
    }

    /// A short thin line that means nothing.
    private static void stroke(float[] canvas, Draws draws) {
        float length = draws.between(2, 6);
        stamp(
                canvas,
                (u, v) -> farther(u, v) < 1,
                draws.between(0, SIDE),
                draws.between(0, SIDE),
                length,
                draws.between(0.4f, 0.9f),
                draws.between(-180, 180),
                draws.colour());
    }

    /// Lays a figure over the canvas; a pixel takes its colour by the part of it that is covered.
    private static void stamp(
            float[] canvas,
            Region region,
            float x,
            float y,
            float width,
            float height,
            float degrees,
            float[] colour) {
        double angle = StrictMath.toRadians(degrees);
        float cos = (float) StrictMath.cos(angle);
        float sin = (float) StrictMath.sin(angle);
        float reach = 1.3f * Math.max(width, height);
        for (int row = Math.max(0, (int) (y - reach)); row < Math.min(SIDE, y + reach); row++) {
            for (int column = Math.max(0, (int) (x - reach));
                    column < Math.min(SIDE, x + reach);
                    column++) {
                int covered = 0;
                for (int sample = 0; sample < SAMPLES * SAMPLES; sample++) {
                    int line = sample / SAMPLES;
                    float dx = column + (sample % SAMPLES + 0.5f) / SAMPLES - x;
                    float dy = row + (line + 0.5f) / SAMPLES - y;
                    if (region.covers(
                            (cos * dx + sin * dy) / width, (cos * dy - sin * dx) / height)) {
                        covered++;
                    }
                }
                float share = (float) covered / (SAMPLES * SAMPLES);
                int at = (row * SIDE + column) * 3;
                for (int c = 0; c < 3; c++) {
                    canvas[at + c] += share * (colour[c] - canvas[at + c]);
                }
            }
        }
    }

    /// Adds noise and rounds to bytes. A word of 32 random bits serves a pixel's three channels.
    private static void develop(float[] canvas, Draws draws, byte[] pixels) {
        float strength = draws.between(0.02f, 0.15f);
        PhiloxKey key = draws.key.derive("noise");
        int[] words = new int[4];
        for (int i = 0; i < SIDE * SIDE; i++) {
            if (i % 4 == 0) {
                Philox.block(key, i / 4, words, 0);
            }
            for (int c = 0; c < 3; c++) {
                float noise = ((words[i % 4] >>> (10 * c)) & 1023) / 1023f - 0.5f;
                float value = canvas[3 * i + c] + 2 * strength * noise;
                pixels[3 * i + c] = (byte) Math.clamp((int) (value * 255 + 0.5f), 0, 255);
            }
        }
    }

    /// The random numbers of one image, one after the other.
    private static final class Draws {
        private final PhiloxKey key;
        private long next;

        Draws(PhiloxKey key) {
            this.key = key;
        }

        int below(int bound) {
            return Philox.below(key, next++, bound);
        }

        float between(float low, float high) {
            return low + (high - low) * Philox.uniform(key, next++);
        }

        float[] colour() {
            return new float[] {
                between(0.05f, 0.95f), between(0.05f, 0.95f), between(0.05f, 0.95f)
            };
        }
    }
}
