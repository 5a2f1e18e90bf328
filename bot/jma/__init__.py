"""What the Japan Meteorological Agency's telegrams (気象庁防災情報XML) mean for one town; pure: bytes in, values out."""
