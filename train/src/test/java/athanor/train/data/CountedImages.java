package athanor.train.data;

import java.util.List;

/// A data set for tests: pixel i of image n is (31 n + 7 i) mod 256, its label n mod 10.
record CountedImages(int size, ImageShape shape) implements Dataset {
    @Override
    public String name() {
        return "counted";
    }

    @Override
    public List<String> classNames() {
        return List.of("0 1 2 3 4 5 6 7 8 9".split(" "));
    }

    @Override
    public int label(int index) {
        return index % 10;
    }

    @Override
    public void read(int index, byte[] pixels) {
        for (int i = 0; i < shape.size(); i++) {
            pixels[i] = (byte) (31 * index + 7 * i);
        }
    }
}
