"""Pictures and frames without any model: fitting, warping, encoding and measuring."""
