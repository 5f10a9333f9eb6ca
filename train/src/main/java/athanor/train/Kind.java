package athanor.train;

import java.util.Arrays;
import java.util.List;

/// What values a [Setting] takes; [#accepts] says whether a text is one, and [#toString] what is
/// accepted.
sealed interface Kind {
    boolean accepts(String value);

    /// Anything; whoever uses it looks closer.
    record Text() implements Kind {
        @Override
        public boolean accepts(String value) {
            return true;
        }
    }

    /// A whole number from least to most.
    record Whole(long least, long most) implements Kind {
        @Override
        public boolean accepts(String value) {
            try {
                long number = Long.parseLong(value);
                return number >= least && number <= most;
            } catch (NumberFormatException e) {
                return false;
            }
        }

        @Override
        public String toString() {
            if (most == Long.MAX_VALUE) {
                return "a whole number";
            }
            return most == Integer.MAX_VALUE
                    ? "a whole number of " + least + " or more"
                    : "a whole number of " + least + " to " + most;
        }
    }

    /// A number from low to high, or several with commas between them.
    record Real(double low, double high, boolean several) implements Kind {
        @Override
        public boolean accepts(String value) {
            return Arrays.stream(value.split(",", several ? -1 : 1)).allMatch(this::acceptsOne);
        }

        private boolean acceptsOne(String value) {
            try {
                double number = Double.parseDouble(value);
                return number >= low && number <= high && Double.isFinite(number);
            } catch (NumberFormatException e) {
                return false;
            }
        }

        @Override
        public String toString() {
            String bounds =
                    high == Double.MAX_VALUE
                            ? plain(low) + " or more"
                            : plain(low) + " to " + plain(high);
            return several
                    ? "numbers of " + bounds + " with commas between them"
                    : "a number of " + bounds;
        }

        private static String plain(double number) {
            return number == Math.rint(number)
                    ? String.valueOf((long) number)
                    : String.valueOf(number);
        }
    }

    /// One of some words.
    record Words(List<String> words) implements Kind {
        @Override
        public boolean accepts(String value) {
            return words.contains(value);
        }

        @Override
        public String toString() {
            return String.join(", ", words);
        }
    }

    /// A device that [athanor.engine.Backend#of] knows; whether it is there shows when it is used.
    record Device() implements Kind {
        @Override
        public boolean accepts(String value) {
            return value.matches("cpu|reference|cuda(:\\d{1,4})?|cuda-sim");
        }

        @Override
        public String toString() {
            return "cpu, reference, cuda, cuda:N with the number of a GPU, cuda-sim";
        }
    }

    static Kind device() {
        return new Device();
    }

    static Kind text() {
        return new Text();
    }

    static Kind anyWhole() {
        return new Whole(Long.MIN_VALUE, Long.MAX_VALUE);
    }

    static Kind whole(int least) {
        return new Whole(least, Integer.MAX_VALUE);
    }

    static Kind whole(int least, int most) {
        return new Whole(least, most);
    }

    static Kind real(double low) {
        return new Real(low, Double.MAX_VALUE, false);
    }

    static Kind real(double low, double high) {
        return new Real(low, high, false);
    }

    static Kind reals(double low) {
        return new Real(low, Double.MAX_VALUE, true);
    }

    static Kind words(String... words) {
        return new Words(List.of(words));
    }

    static Kind onOff() {
        return words("on", "off");
    }
}
