"""The networks: Keras and TensorFlow only, no files, no configuration."""
